// Asks a broker whether it would have us, for the doctor, without being let in: brokers that name a client by its certificate take a
// second connection for the first one come back, and would throw the running station out.
import { once } from 'node:events'
import { TramError } from '../../base/errors.ts'
import { type AccessOptions, readBrokerAccess } from './mqtt-access.ts'
import { openSocket } from './mqtt-socket.ts'

/**
 * A CONNECT of a version that there is not. A broker answers with a CONNACK or hangs up (MQTT 5 §3.1.2.2), before it looks who it
 * is. TLS has seen the certificates by then, at 1.3 too, where the handshake is over before the other end has judged ours.
 */
const connectOfNoVersion = Buffer.from([0x10, 12, 0, 4, ...Buffer.from('MQTT'), 9, 0x02, 0, 10, 0, 0])
const connack = 0x20
const maxDetailLength = 200
const deadlineMs = 10_000

/**
 * Resolves when a broker has answered that believes our certificate, and that we believe.
 * @throws TramError BROKER_UNREACHABLE; the signal's reason
 */
export async function probeBroker(mqtt: AccessOptions, signal: AbortSignal): Promise<void> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)])
  try {
    const socket = openSocket(await readBrokerAccess(mqtt))
    try {
      await once(socket, mqtt.url.startsWith('mqtts:') ? 'secureConnect' : 'connect', { signal: limited })
      socket.write(connectOfNoVersion)
      const first: unknown = await Promise.race([
        once(socket, 'data', { signal: limited }).then(([bytes]) => (bytes as Buffer)[0]),
        once(socket, 'end', { signal: limited }).then(() => undefined),
      ])
      if (first !== undefined && first !== connack) throw new Error('what answers is no MQTT broker')
    } finally {
      // Whatever else it has to say.
      socket.on('error', () => undefined)
      socket.destroy()
    }
  } catch (error) {
    signal.throwIfAborted()
    const detail = (error instanceof Error ? error.message : String(error)).slice(0, maxDetailLength)
    throw new TramError('BROKER_UNREACHABLE', { broker: mqtt.url, detail }, { cause: error })
  }
}
