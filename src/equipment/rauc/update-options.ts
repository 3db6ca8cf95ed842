// The `[update]` section of tram.toml: when an appliance takes over an update, and where it looks for one. Composed by config.ts.
import Type, { type Static } from 'typebox'
import { listenPattern } from '../../base/tcp-listen.ts'

export const updateOptions = Type.Object(
  {
    reboot_at: Type.Optional(
      Type.String({
        pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$',
        description:
          'HH:MM, Vietnamese time: when an update that was installed takes over. Without it at once; documents wait for about two minutes then',
      }),
    ),
    url: Type.Optional(
      Type.String({
        pattern: '^https?://[^\\s@]{1,300}$',
        description:
          'where the latest version is told, as JSON: {"version": "0.2.0", "file": "tram-0.2.0.raucb", "size": 123}, the file beside it. Plain HTTP will do: the bundle is signed. Without it no one is asked',
      }),
    ),
    automatic: Type.Boolean({
      default: false,
      description: 'fetch and install what `url` tells; else only UPDATE_AVAILABLE is reported',
    }),
    upload_listen: Type.Optional(
      Type.String({
        pattern: listenPattern,
        description:
          'host:port where an update may be handed in from the office: `PUT /update`, plain HTTP, with the secret. Without it nowhere',
      }),
    ),
    upload_secret_file: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4096,
        description: 'file with the secret, as `Authorization: Bearer …`, of at least 16 characters',
      }),
    ),
    check_hours: Type.Integer({
      default: 24,
      minimum: 1,
      maximum: 720,
      description: 'how often `url` is asked, give or take a quarter, so that not all stations come at once',
    }),
  },
  { additionalProperties: false },
)

export type UpdateOptions = Static<typeof updateOptions>
