// The section `[console]` of tram.toml: the service console on a serial line. Composed by config.ts; src/console.ts reads it.
import Type, { type Static } from 'typebox'

const command = (description: string) =>
  Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 4096 }), { minItems: 1, maxItems: 32, description }))

export const consoleOptions = Type.Object(
  {
    line: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4096,
        description: 'serial line of the service console, such as /dev/ttyAMA0; 115200 8N1',
      }),
    ),
    language: Type.Union([Type.Literal('vi'), Type.Literal('en'), Type.Literal('ascii')], {
      default: 'vi',
      description: 'language of a new session: Vietnamese, English, or Vietnamese without diacritics',
    }),
    idle_seconds: Type.Number({
      default: 300,
      minimum: 10,
      maximum: 3600,
      description: 'a session in which nobody types for so long ends',
    }),
    stick_folder: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4096,
        description: 'where a USB stick is mounted; without it nothing is saved to a stick',
      }),
    ),
    unmount_command: command('program and arguments that unmount the stick after saving'),
    restart_command: command(
      'program and arguments that restart the station, such as ["systemctl", "restart", "tram"]; without it there is no such entry',
    ),
  },
  { additionalProperties: false },
)

export type ConsoleOptions = Static<typeof consoleOptions>
