// The section of the configuration that says how a station is reached and how many peers it serves.
// Neighbours: config.ts composes it, libp2p-link.ts and libp2p's limits are made from it.
import Type, { type Static } from 'typebox'

export const linkOptions = Type.Object(
  {
    listen: Type.Array(Type.String({ pattern: '^/(ip4|ip6)/[^/]+/tcp/[0-9]{1,5}$' }), {
      default: ['/ip4/0.0.0.0/tcp/4101'],
      maxItems: 16,
      description: 'Multiaddrs to listen on, such as /ip4/0.0.0.0/tcp/4101',
    }),
    announce: Type.Optional(
      Type.Array(Type.String({ pattern: '^/(ip4|ip6|dns4|dns6)/[^/]+/tcp/[0-9]{1,5}$' }), {
        minItems: 1,
        maxItems: 16,
        description:
          'Multiaddrs at which other stations reach this one, for its descriptor; without it, those of `listen`, ' +
          'which must then be real addresses and ports',
      }),
    ),
    max_peers: Type.Integer({
      default: 300,
      minimum: 1,
      maximum: 5000,
      description: 'Stations that may be connected at once; the limits on connections follow from it',
    }),
    hello_timeout_ms: Type.Integer({
      default: 10_000,
      minimum: 1000,
      maximum: 60_000,
      description: 'How long a peer may take from connection to hello, in milliseconds',
    }),
  },
  { additionalProperties: false },
)

export type LinkOptions = Static<typeof linkOptions>
