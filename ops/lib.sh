# Shared by the scripts in ops/: steps with progress, and the packages they need. Source it, do not run it.
#
#   step_total=3                      how many steps follow, for the "[1/3]" in front of each
#   step NAME TITLE COMMAND...        runs COMMAND with its output in build/log/NAME.log, shows progress meanwhile;
#                                     on failure shows the end of that file, names it, and ends the script
#   need_kafka_jars                   fetches the Kafka broker for the tests, once
#   need_librdkafka                   builds the Kafka client, once
#   need_packages GROUP...            installs what is missing of these groups in ops/packages.txt (a step of its own)
#   say TEXT...                       one line to the reader

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
log_dir=$root/build/log
step_number=0
step_total=${step_total:-1}
leash=''  # of the ticker: it ends when nobody holds this file any more

if [[ -t 1 ]]; then is_terminal=1 bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else is_terminal='' bold='' dim='' red='' green='' plain=''; fi

say() { printf '%s\n' "$*"; }
fail() { printf '%s%s: %s%s\n' "$red" "$(basename "$0")" "$*" "$plain" >&2; exit 1; }
jobs_wanted() { nproc 2>/dev/null || echo 2; }

# The last thing a log file says, short enough for one line.
last_words() { tail -c 2000 "$1" 2>/dev/null | tr '\r' '\n' | grep -v '^[[:space:]]*$' | tail -n 1 | cut -c "1-${2:-90}"; }

# Shows how a step is doing: in a terminal a line that is redrawn each second, elsewhere a line each 20 s. Ends with its
# input.
ticker() {
  local log=$1 began=$SECONDS width last=''
  while read -rt 1 || (($? > 128)); do
    if [[ $is_terminal ]]; then
      width=$(($(tput cols 2>/dev/null || echo 80) - 14))
      printf '\r\e[K%s  %3d s  %s%s' "$dim" $((SECONDS - began)) "$(last_words "$log" $((width > 20 ? width : 20)))" "$plain"
    elif (((SECONDS - began) % 20 == 0 && SECONDS - began > 0)) && [[ $last != "$SECONDS" ]]; then
      last=$SECONDS
      printf '  %3d s  %s\n' $((SECONDS - began)) "$(last_words "$log" 100)"
    fi
  done
}
stop_ticker() {
  [[ $leash ]] || return 0
  exec {leash}>&-
  wait "$ticker_pid" 2>/dev/null || true
  leash=''
  [[ ! $is_terminal ]] || printf '\r\e[K'
}
trap stop_ticker EXIT

# Makes the folder for logs; says what is wrong when an earlier run by another user owns it.
open_log() {
  mkdir -p "$log_dir" 2>/dev/null && : >"$1" 2>/dev/null ||
    fail "cannot write $1; was it made by another user? Run: sudo chown -R $(id -un) $root/build"
}

announce() {
  step_number=$((step_number + 1))
  ((step_number <= step_total)) || step_total=$step_number
  printf '%s[%d/%d]%s %s\n' "$bold" "$step_number" "$step_total" "$plain" "$1"
}

# Seconds of processor time of all commands that have ended.
processor_seconds() {
  local fields
  read -ra fields </proc/$$/stat
  printf '%s\n' $(((fields[15] + fields[16]) / $(getconf CLK_TCK)))
}

step() {
  local name=$1 title=$2 log=$log_dir/$1.log began=$SECONDS status=0 cpu
  cpu=$(processor_seconds)
  shift 2
  open_log "$log"
  announce "$title"
  exec {leash}> >(ticker "$log")
  ticker_pid=$!
  "$@" >"$log" 2>&1 </dev/null {leash}>&- || status=$?
  stop_ticker
  if ((status)); then
    tail -n 25 "$log" >&2
    fail "\"$title\" failed with status $status after $((SECONDS - began)) s. All of its output: $log"
  fi
  say "      done in $((SECONDS - began)) s, $(($(processor_seconds) - cpu)) s of processor time"
}

# Like step, for a command whose output the reader wants to see as it comes.
step_aloud() {
  local title=$2 log=$log_dir/$1.log began=$SECONDS status=0
  shift 2
  open_log "$log"
  announce "$title"
  { "$@" 2>&1 </dev/null || status=$?; echo "$status" >"$log.status"; } | tee "$log"
  status=$(<"$log.status") && rm -f "$log.status"
  ((status == 0)) || fail "\"$title\" failed with status $status after $((SECONDS - began)) s. All of its output: $log"
}

as_root() { if ((EUID == 0)); then "$@"; else sudo "$@"; fi; }

packages_of() {
  local group
  for group in "$@"; do awk -v g="$group" '$1 == g { for (i = 2; i <= NF; ++i) print $i }' "$root/ops/packages.txt"; done |
    sort -u
}
missing_packages() {
  local package
  for package in $(packages_of "$@"); do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
  done
}

# Installs packages without a question, and without starting the services that some of them bring: the tests start
# their own. A policy-rc.d that is there already stays as it is.
install_packages() {
  local policy=/usr/sbin/policy-rc.d status=0 made=''
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
  as_root "${apt[@]}" -o Acquire::Retries=3 update || return
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null && as_root chmod 755 "$policy" && made=1
  fi
  as_root "${apt[@]}" -o Acquire::Retries=3 -o Dpkg::Options::=--force-unsafe-io \
    install -y --no-install-recommends "$@" || status=$?
  [[ ! $made ]] || as_root rm -f "$policy"
  if ((status == 0)) && [[ " $* " == *' rsyslog '* && -d /run/systemd/system ]]; then
    as_root systemctl disable rsyslog syslog.socket || true
  fi
  return "$status"
}

# What is fetched or built once, each by the script in ops/ of its name: a folder that is kept between runs, and whether
# what is in it is what the script makes now. cmake/dependencies.cmake asks the same about librdkafka.
kafka_jars_folder() { printf '%s\n' "${SLUICE_KAFKA_JARS:-$root/build/kafka-jars}"; }
have_kafka_jars() { cmp -s "$root/ops/kafka.pom.xml" "$(kafka_jars_folder)/kafka.pom.xml"; }
librdkafka_folder() { printf '%s\n' "${SLUICE_LIBRDKAFKA:-$root/build/librdkafka}"; }
have_librdkafka() { cmp -s "$root/ops/librdkafka" "$(librdkafka_folder)/recipe"; }

# need_once NAME TITLE HOW: a step of its own; it says so when there is nothing to do.
need_once() {
  local folder
  folder=$("${1//-/_}_folder")
  if "have_${1//-/_}"; then
    announce "$2: is in $folder"
  else
    step "$1" "$2: $3 $folder" "$root/ops/$1"
  fi
}
need_kafka_jars() { need_once kafka-jars "Apache Kafka for the tests" "fetching 43 MB from Maven Central into"; }
need_librdkafka() { need_once librdkafka "librdkafka, the Kafka client" "fetching 16 MB with apt and building it in"; }

# The first step of every script; it says so when there is nothing to do.
need_packages() {
  command -v dpkg-query >/dev/null || fail "this needs Debian 12 (no dpkg here); install what ops/packages.txt names by hand"
  local missing
  mapfile -t missing < <(missing_packages "$@")
  if ((${#missing[@]} == 0)); then
    announce "Packages: nothing is missing"
    return 0
  fi
  if ((EUID != 0)); then
    command -v sudo >/dev/null || fail "missing: ${missing[*]}. Install them as root, or install sudo"
    sudo -v || fail "missing: ${missing[*]}. Installing them needs sudo"
  fi
  step install "Packages: installing ${#missing[@]} and what they need" install_packages "${missing[@]}"
}

configure_and_build() {
  local preset=$1
  shift
  [[ -f $root/build/$preset/build.ninja ]] || cmake -S "$root" --preset "$preset" || return
  ninja -C "$root/build/$preset" -j "$(jobs_wanted)" "$@"
}

# Builds targets of a preset (default: all), and configures it first if it was not yet. Two steps: librdkafka is the first.
build_preset() {
  local preset=$1
  shift
  need_librdkafka
  step "build-$preset" "Building build/$preset${*:+ ($*)}" configure_and_build "$preset" "$@"
}
