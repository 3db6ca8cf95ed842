// Temperature, and what the firmware of a Raspberry Pi says of its power supply. Part of linux-box.ts.
import { type BoxReadings, known } from './box-readings.ts'
import type { HostFiles } from './host-files.ts'

/** Sensors outside this range are broken, or measure something else. */
const coldest = -40
const hottest = 150

/** Bits of get_throttled: 0–3 are now, 16–19 the same since boot. */
const undervoltageBit = 0x1
const throttledBits = 0x2 | 0x4 | 0x8
const sinceBootShift = 16

/** @param sys /sys */
export async function readThermal(sys: HostFiles): Promise<BoxReadings> {
  const throttled = await readThrottled(sys)
  const alarm = await readSupplyAlarm(sys)
  const firmware =
    throttled === undefined
      ? {}
      : {
          undervoltage: (throttled & undervoltageBit) !== 0,
          throttled: (throttled & throttledBits) !== 0,
          undervoltageSinceBoot: ((throttled >> sinceBootShift) & undervoltageBit) !== 0,
          throttledSinceBoot: ((throttled >> sinceBootShift) & throttledBits) !== 0,
        }
  return known({
    temperatureCelsius: await readTemperature(sys),
    ...firmware,
    // The driver behind the alarm looks every two seconds, and resets the firmware's own mark.
    ...(alarm === undefined ? {} : { undervoltage: alarm || firmware.undervoltage === true }),
  })
}

async function readTemperature(sys: HostFiles): Promise<number | undefined> {
  const found: { type: string; celsius: number }[] = []
  for (const zone of await sys.names('class/thermal')) {
    if (!zone.startsWith('thermal_zone')) continue
    const celsius = ((await sys.integer(`class/thermal/${zone}/temp`)) ?? Number.NaN) / 1000
    if (!(celsius >= coldest && celsius <= hottest)) continue
    found.push({ type: (await sys.text(`class/thermal/${zone}/type`)) ?? '', celsius })
  }
  const processor = found.filter(({ type }) => /cpu|soc|pkg/i.test(type))
  const zones = processor.length > 0 ? processor : found
  return zones.length === 0 ? undefined : Math.max(...zones.map(({ celsius }) => celsius))
}

/** The firmware's bits. The file's place follows the device tree: `soc/soc:firmware` on a Pi 4, another address on a Pi 5. */
async function readThrottled(sys: HostFiles): Promise<number | undefined> {
  const platform = 'devices/platform'
  for (const bus of (await sys.names(platform)).filter((name) => name.startsWith('soc'))) {
    const inside = (await sys.names(`${platform}/${bus}`)).filter((name) => name.endsWith(':firmware'))
    for (const folder of [bus, ...inside.map((name) => `${bus}/${name}`)]) {
      // Hexadecimal, without 0x.
      const text = await sys.text(`${platform}/${folder}/get_throttled`, 64)
      if (text !== undefined && /^[0-9a-f]{1,8}$/i.test(text)) return Number.parseInt(text, 16)
    }
  }
  return undefined
}

/** The alarm of the driver raspberrypi-hwmon, whose sensor is `rpi_volt`. */
async function readSupplyAlarm(sys: HostFiles): Promise<boolean | undefined> {
  for (const sensor of await sys.names('class/hwmon')) {
    if ((await sys.text(`class/hwmon/${sensor}/name`, 64)) !== 'rpi_volt') continue
    const alarm = await sys.integer(`class/hwmon/${sensor}/in0_lcrit_alarm`)
    if (alarm === 0 || alarm === 1) return alarm === 1
  }
  return undefined
}
