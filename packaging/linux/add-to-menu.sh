#!/bin/sh
# Put mmdesk into this user's menu and let a double click on a .mmcase file open it; --remove takes both away again.
# Needs no administrator. Run it again after moving the folder.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
data=${XDG_DATA_HOME:-$HOME/.local/share}
entry=$data/applications/mmdesk.desktop
mime=$data/mime/packages/mmdesk.xml
icon=$data/icons/hicolor/scalable/apps/mmdesk.svg
if [ "${1-}" = --remove ]; then
	rm -f "$entry" "$mime" "$icon"
else
	mkdir -p "$(dirname "$entry")" "$(dirname "$mime")" "$(dirname "$icon")"
	cp "$here/share/mmdesk.xml" "$mime"
	cp "$here/share/mmdesk.svg" "$icon"
	# In Exec a path is quoted, and " ` $ \ in it are escaped twice, as the Desktop Entry Specification says.
	program=$(printf '%s' "$here/mmdesk" | sed 's/\\/\\\\\\\\/g; s/["`$]/\\\\&/g; s/%/%%/g')
	while IFS= read -r line; do
		case $line in
			Exec=*) printf 'Exec="%s" %%f\n' "$program" ;;
			*) printf '%s\n' "$line" ;;
		esac
	done <"$here/share/mmdesk.desktop" >"$entry"
fi
for tool in update-mime-database:"$data/mime" update-desktop-database:"$data/applications"; do
	command -v "${tool%%:*}" >/dev/null && "${tool%%:*}" "${tool#*:}" || true
done
