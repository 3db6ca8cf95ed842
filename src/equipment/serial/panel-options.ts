// The section [panel] of the configuration: the display at the front of the box. Composed by config.ts.
import Type, { type Static } from 'typebox'

export const panelOptions = Type.Object(
  {
    line: Type.Optional(
      Type.String({
        pattern: '^/',
        maxLength: 4096,
        description:
          'device of a Crystalfontz CFA635, by a name that stays: `/dev/serial/by-id/…` or a UART; 115200 baud, 8N1',
      }),
    ),
  },
  { additionalProperties: false },
)

export type PanelOptions = Static<typeof panelOptions>
