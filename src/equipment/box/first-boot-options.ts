// The section `[first_boot]` of a tram.toml that comes on a medium: what is done once, when a box takes it. It counts nowhere else.
import Type, { type Static } from 'typebox'

export const firstBootOptions = Type.Object(
  {
    pin: Type.Optional(
      Type.String({
        pattern: '^[0-9A-Za-z]{4,64}$',
        description:
          'PIN of the token: kept as an encrypted credential, and taken out of the file on the medium and on the box',
      }),
    ),
    make_token: Type.Boolean({
      default: false,
      description:
        'evaluation: with SoftHSM and no such token, make one with a key pair, and a request for its certificate',
    }),
  },
  { additionalProperties: false },
)

export type FirstBootOptions = Static<typeof firstBootOptions>
