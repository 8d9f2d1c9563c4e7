#!/bin/sh
# Names the system libraries that are missing for the window and how to get them; installs them where it may.
# Usage: system-libraries.sh PACKAGE...   (Debian's names). Does nothing on systems without dpkg.
set -u
[ "$(uname -s)" = Linux ] || exit 0
command -v dpkg-query >/dev/null 2>&1 || exit 0

missing=""
for package in "$@"; do
    state=$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null) || state=""
    case "$state" in ii*) ;; *) missing="$missing $package" ;; esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    echo "Installing the system libraries that are missing:$missing"
    # shellcheck disable=SC2086
    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing) >/dev/null && exit 0
fi
echo "System libraries are missing:$missing" >&2
echo "  Install them with: sudo apt-get install$missing" >&2
exit 1
