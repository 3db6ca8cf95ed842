// The `[prometheus]` section of tram.toml. Composed by config.ts; station-prometheus.ts reads the value.
import Type, { type Static } from 'typebox'
import { listenPattern } from '../../base/tcp-listen.ts'

/** Without `listen` there is no endpoint. */
export const prometheusOptions = Type.Object(
  {
    listen: Type.Optional(
      Type.String({
        pattern: listenPattern,
        description:
          'host:port that Prometheus asks for `/metrics`, as 127.0.0.1:9464. Plain HTTP without a password: elsewhere than on ' +
          'loopback whoever reaches the port reads the numbers, the conditions, and name, version and site of the station',
      }),
    ),
  },
  { additionalProperties: false },
)

export type PrometheusOptions = Static<typeof prometheusOptions>
