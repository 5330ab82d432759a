# What payjig is built with and tested with, as Debian 12 packages. Sourced by tool/demo and tests/run.

BUILD_PACKAGES="gcc libc6-dev cmake ninja-build pkg-config libyaml-dev libjansson-dev libsqlite3-dev \
libssl-dev libxml2-dev libgcrypt20-dev libcmocka-dev libargon2-dev libncurses-dev gettext libusb-1.0-0-dev \
libserialport-dev libnfc-dev libumockdev-dev libsystemd-dev dbus-daemon"
TEST_PACKAGES="bluez bluez-test-tools busybox-static clang kmod ncurses-term openssl libnfc-bin procps python3 python3-jsonschema qemu-system-x86 spin \
tmux udev usbutils"

# Installs what is missing; asks for root only then.
install_packages() {
	local missing="" package sudo=""
	for package in "$@"; do
		dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
			missing="$missing $package"
	done
	[ -z "$missing" ] && return 0
	echo "installing:$missing"
	[ "$(id -u)" -eq 0 ] || sudo=sudo
	$sudo apt-get update -qq
	DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
}
