#include <cstdio>

int main() {
  std::puts("sluiced");
  return 0;
}
