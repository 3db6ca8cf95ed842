// The emulator: Debian 13's QEMU and U-Boot, whatever this machine runs, unpacked by scripts/test-image and scripts/image. It is a sixth
// faster than Debian 12's, and the same everywhere.
import { join } from 'node:path'
import { projectRoot } from '../fixtures/station/station-process.ts'

const root = join(projectRoot, 'build/test-image/emulator')
const libraries = ['', 'pulseaudio'].map((name) => join(root, 'usr/lib/x86_64-linux-gnu', name))

/** argv of QEMU for arm64, with the libraries of its own Debian. */
export const emulator: readonly [string, ...string[]] = [
  join(root, 'usr/lib64/ld-linux-x86-64.so.2'),
  '--library-path',
  libraries.join(':'),
  join(root, 'usr/bin/qemu-system-aarch64'),
  '-L',
  join(root, 'usr/share/qemu'),
]

/** U-Boot for QEMU's `virt`, as a Pi has it in its own variant. */
export const firmware = join(projectRoot, 'build/image/tools/usr/lib/u-boot/qemu_arm64/u-boot.bin')
