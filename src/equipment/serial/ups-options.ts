// The section [ups] of the configuration: where the UPS hangs and what is done when its battery runs out. Composed by config.ts.
import Type, { type Static } from 'typebox'

export const upsOptions = Type.Object(
  {
    line: Type.Optional(
      Type.String({
        pattern: '^/',
        maxLength: 4096,
        description:
          'device of the serial line, by a name that stays: `/dev/serial/by-id/…` or a UART; without it there is no UPS',
      }),
    ),
    protocol: Type.Union([Type.Literal('q1'), Type.Literal('qs')], {
      default: 'q1',
      description: 'how it is asked: `q1` (Megatec, most UPS) or `qs` (Voltronic); 2400 baud, 8N1',
    }),
    poll_seconds: Type.Integer({ minimum: 1, maximum: 60, default: 3, description: 'seconds between two questions' }),
    resume_seconds: Type.Integer({
      minimum: 1,
      maximum: 3600,
      default: 60,
      description: 'after the battery ran low, documents are taken again when the mains has stayed for so many seconds',
    }),
    power_off_command: Type.Array(Type.String({ minLength: 1, maxLength: 4096 }), {
      maxItems: 32,
      default: [],
      description:
        'program and arguments that switch the station off when mains and battery fail, after everything is on disk; by default none: a box that was switched off stays off when the UPS never drops its output',
    }),
  },
  { additionalProperties: false },
)

export type UpsOptions = Static<typeof upsOptions>
