#!/bin/sh
# Sign, pack and notarise mmdesk.app. Usage: make-dmg.sh APP VERSION OUT
#   MMDESK_CODESIGN_IDENTITY   "Developer ID Application: ..."; without it the signature is an ad-hoc one, for this Mac only
#   MMDESK_NOTARY_PROFILE      a profile that `xcrun notarytool store-credentials` has kept; without it nothing is sent
set -eu
app=$1 version=$2 out=$3
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
identity=${MMDESK_CODESIGN_IDENTITY:--}
# Apple keeps the time of a real signature; an ad-hoc one has none, and the hardened runtime would refuse its libraries.
if [ "$identity" = - ]; then kind='--timestamp=none'; else kind='--timestamp --options runtime'; fi
image=$out/mmdesk-$version-macos-$(uname -m).dmg

# From the inside out: everything that is run or loaded, whatever it is called, then the programs, then the bundle.
find "$app/Contents" -type f | while IFS= read -r one; do
	case $(file -b "$one") in
	# shellcheck disable=SC2086
	Mach-O*) codesign --force $kind --sign "$identity" "$one" ;;
	esac
done
for program in mmdesk-cli mmdesk; do
	# shellcheck disable=SC2086
	codesign --force $kind --entitlements "$here/entitlements.plist" --sign "$identity" \
		"$app/Contents/MacOS/$program"
done
# shellcheck disable=SC2086
codesign --force $kind --entitlements "$here/entitlements.plist" --sign "$identity" "$app"
codesign --verify --deep --strict "$app"

staged=$(mktemp -d)
trap 'rm -rf "$staged"' EXIT
cp -R "$app" "$staged/"
ln -s /Applications "$staged/Applications"
rm -f "$image"
hdiutil create -volname "mmdesk $version" -srcfolder "$staged" -fs HFS+ -format UDZO "$image"
codesign --force --sign "$identity" "$image"

if [ -n "${MMDESK_NOTARY_PROFILE:-}" ]; then
	xcrun notarytool submit "$image" --keychain-profile "$MMDESK_NOTARY_PROFILE" --wait
	xcrun stapler staple "$image"
	spctl --assess --type open --context context:primary-signature --verbose "$image"
fi
