#!/bin/sh
# Sign, pack and notarise mmdesk.app. Usage: make-dmg.sh APP VERSION OUT
#   MMDESK_CODESIGN_IDENTITY   "Developer ID Application: ..."; without it the signature is an ad-hoc one, for this Mac only
#   MMDESK_NOTARY_PROFILE      a profile that `xcrun notarytool store-credentials` has kept; without it nothing is sent
set -eu
app=$1 version=$2 out=$3
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
identity=${MMDESK_CODESIGN_IDENTITY:--}
# Apple keeps the time of a real signature; an ad-hoc one has none.
if [ "$identity" = - ]; then time=--timestamp=none; else time=--timestamp; fi
image=$out/mmdesk-$version-macos-$(uname -m).dmg

# From the inside out: every library by itself, then the programs, then the bundle.
find "$app/Contents" -type f \( -name '*.so' -o -name '*.dylib' \) -print0 |
	xargs -0 codesign --force "$time" --options runtime --sign "$identity"
for program in mmdesk-cli mmdesk; do
	codesign --force "$time" --options runtime --entitlements "$here/entitlements.plist" --sign "$identity" \
		"$app/Contents/MacOS/$program"
done
codesign --force "$time" --options runtime --entitlements "$here/entitlements.plist" --sign "$identity" "$app"
codesign --verify --deep --strict "$app"

staged=$(mktemp -d)
trap 'rm -rf "$staged"' EXIT
cp -R "$app" "$staged/"
ln -s /Applications "$staged/Applications"
rm -f "$image"
hdiutil create -volname "mmdesk $version" -srcfolder "$staged" -fs HFS+ -format UDZO "$image"
codesign --force "$time" --sign "$identity" "$image"

if [ -n "${MMDESK_NOTARY_PROFILE:-}" ]; then
	xcrun notarytool submit "$image" --keychain-profile "$MMDESK_NOTARY_PROFILE" --wait
	xcrun stapler staple "$image"
	spctl --assess --type open --context context:primary-signature --verbose "$image"
fi
