// The section [box] of the configuration: where the box's sensors are read. Composed by config.ts.
import Type, { type Static } from 'typebox'

const folder = (fallback: string, description: string) =>
  Type.String({ minLength: 1, maxLength: 4096, default: fallback, description })

/** A name below /sys/class/leds: never a way out of it. */
const light = (fallback: string, description: string) =>
  Type.String({ pattern: '^\\w[\\w:.-]{0,63}$', default: fallback, description })

export const hostOptions = Type.Object(
  {
    proc_folder: folder(
      '/proc',
      'Where the kernel tells of processes, memory and mounts. Another folder only in tests.',
    ),
    sys_folder: folder('/sys', 'Where the kernel tells of devices. Another folder only in tests.'),
    chronyc: folder('chronyc', 'Program that asks chronyd for the state of the clock, by name or absolute path.'),
    chrony_port: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 65_535,
        description: 'UDP port on the loopback at which chronyd answers (its `cmdport`); without it the usual one.',
      }),
    ),
    green_led: light(
      'ACT',
      'The green light, by its name below /sys/class/leds; see leds.md. Absent on this box: no light.',
    ),
    red_led: light('PWR', 'The red light, in the same way.'),
  },
  { additionalProperties: false },
)

export type HostOptions = Static<typeof hostOptions>
