// How and when the machine has started. Part of linux-box.ts.
import { type BoxReadings, known } from './box-readings.ts'
import type { HostFiles } from './host-files.ts'

/** WDIOF_CARDRESET of linux/watchdog.h: the card has reset the machine. */
const cardResetBit = 0x20
/** PM_RSTS_HADPOR of the Pi's power manager: it had a power-on reset. Its watchdog bit is set by every restart. */
const powerOnBit = 0x1000

/** @param proc /proc @param sys /sys */
export async function readBoot(proc: HostFiles, sys: HostFiles): Promise<BoxReadings> {
  const uptime = /^\d{1,12}(?=\.)/.exec((await proc.text('uptime', 128)) ?? '')?.[0]
  const bootStatus = await sys.integer('class/watchdog/watchdog0/bootstatus')
  const tryBoot = await cell(proc, 'tryboot')
  const resets = await cell(proc, 'pm_rsts')
  return known({
    uptimeSeconds: uptime === undefined ? undefined : Number(uptime),
    watchdogReset: bootStatus === undefined ? undefined : (bootStatus & cardResetBit) !== 0,
    tryBoot: tryBoot === undefined ? undefined : tryBoot === 1,
    bootPartition: await cell(proc, 'partition'),
    poweredOn: resets === undefined ? undefined : (resets & powerOnBit) !== 0,
  })
}

/** A property of the Pi's boot loader: one cell of a device tree, 32 bits, big-endian. */
async function cell(proc: HostFiles, name: string): Promise<number | undefined> {
  const bytes = await proc.bytes(`device-tree/chosen/bootloader/${name}`, 8)
  return bytes?.length === 4 ? bytes.readUInt32BE() : undefined
}
