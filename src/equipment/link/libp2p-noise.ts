// noise that writes each of its messages to the socket at once. Neighbours: libp2p-node.ts sets it into the node.
//
// Measured (noise 17.0.3, tcp 11.0.28): a message leaves as its length, its pieces and its tag, each with a write of its own; a data
// frame was four system calls, and an answer of a few bytes two. That was a third of what a large packet cost its recipient.
import type { MessageStream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'

/** As `noise()`. */
export function wholeNoise(): ReturnType<typeof noise> {
  return (components) => {
    const encrypter = noise()(components)
    const { secureInbound, secureOutbound } = encrypter
    encrypter.secureInbound = (connection, options) => secureInbound.call(encrypter, joining(connection), options)
    encrypter.secureOutbound = (connection, options) => secureOutbound.call(encrypter, joining(connection), options)
    return encrypter
  }
}

/** Has `connection` send the pieces of a message as one. */
function joining<Stream extends MessageStream>(connection: Stream): Stream {
  const send = connection.send.bind(connection)
  connection.send = (bytes) => send(bytes.subarray())
  return connection
}
