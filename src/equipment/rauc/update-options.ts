// The `[update]` section of tram.toml: when an appliance takes over an update, and where it looks for one. Composed by config.ts.
import Type, { type Static } from 'typebox'

export const updateOptions = Type.Object(
  {
    reboot_at: Type.Optional(
      Type.String({
        pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$',
        description:
          'HH:MM, Vietnamese time: when an update that was installed takes over. Without it at once; documents wait for about two minutes then',
      }),
    ),
  },
  { additionalProperties: false },
)

export type UpdateOptions = Static<typeof updateOptions>
