#pragma once

#if defined(__aarch64__)

#include <arm_neon.h>

#include <cstdint>

namespace sluice {

/// 16 bytes in a register of NEON, which every arm64 has. See BasicBytes16.
struct NeonVector {
  using Bytes = uint8x16_t;

  static Bytes load(const char* at) { return vld1q_u8(reinterpret_cast<const std::uint8_t*>(at)); }
  static void store(char* at, Bytes a) { vst1q_u8(reinterpret_cast<std::uint8_t*>(at), a); }
  static Bytes all(char c) { return vdupq_n_u8(static_cast<std::uint8_t>(c)); }
  static Bytes equal(Bytes a, Bytes b) { return vceqq_u8(a, b); }
  static Bytes at_most(Bytes a, Bytes b) { return vcleq_u8(a, b); }
  static Bytes signed_above(Bytes a, Bytes b) { return vcgtq_s8(vreinterpretq_s8_u8(a), vreinterpretq_s8_u8(b)); }
  static Bytes plus(Bytes a, Bytes b) { return vaddq_u8(a, b); }
  static Bytes minus(Bytes a, Bytes b) { return vsubq_u8(a, b); }
  static Bytes both(Bytes a, Bytes b) { return vandq_u8(a, b); }
  static Bytes either(Bytes a, Bytes b) { return vorrq_u8(a, b); }
  static Bytes and_not(Bytes a, Bytes b) { return vbicq_u8(a, b); }
  static unsigned places(Bytes a) {
    // Each byte keeps the bit of its position among eight; the sum of eight bytes holds all eight bits.
    static constexpr std::uint8_t kBits[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const Bytes bits = vandq_u8(a, vld1q_u8(kBits));
    return vaddv_u8(vget_low_u8(bits)) | static_cast<unsigned>(vaddv_u8(vget_high_u8(bits))) << 8;
  }

  static std::uint64_t join_nibbles(Bytes a) {
    // The first of each pair is in the low byte and becomes the high half.
    const uint16x8_t words = vreinterpretq_u16_u8(a);
    const uint8x8_t bytes = vmovn_u16(vorrq_u16(vshlq_n_u16(words, 4), vshrq_n_u16(words, 8)));
    return __builtin_bswap64(vget_lane_u64(vreinterpret_u64_u8(bytes), 0));
  }
  static Bytes nibbles_of(std::uint64_t number) {
    const uint8x8_t bytes = vcreate_u8(__builtin_bswap64(number));
    const uint8x8_t high = vshr_n_u8(bytes, 4);
    const uint8x8_t low = vand_u8(bytes, vdup_n_u8(0xf));
    return vcombine_u8(vzip1_u8(high, low), vzip2_u8(high, low));
  }
};

}  // namespace sluice

#endif
