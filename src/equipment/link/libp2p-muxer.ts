// yamux that a peer cannot use to end this process. Neighbours: libp2p-node.ts sets it into the node.
//
// Tried (yamux 8.0.3, utils 7.4.1): when bytes that want an answer (a ping, a new stream) reach the muxer of a connection that is
// closed already, the answer throws, the abort that follows throws again, inside an event listener, and Node ends the process with
// an uncaught exception. A peer that talks and hangs up while it is being admitted does it at will; a restart at the wrong moment
// does it by accident.
import type { StreamMuxerFactory } from '@libp2p/interface'
import { type YamuxMuxerInit, yamux } from '@libp2p/yamux'

/** As `yamux(init)`; what is sent on a connection that is closed is dropped, as if the line had lost it. */
export function steadyYamux(init: YamuxMuxerInit): () => StreamMuxerFactory {
  return () => {
    const factory = yamux(init)()
    return {
      protocol: factory.protocol,
      createStreamMuxer: (connection) => {
        const send = connection.send.bind(connection)
        connection.send = (bytes) => {
          try {
            return send(bytes)
          } catch (error) {
            // Its end tells everybody who uses it, and one that has ended has told.
            if (connection.status === 'open')
              connection.abort(error instanceof Error ? error : new Error(String(error)))
            return true
          }
        }
        return factory.createStreamMuxer(connection)
      },
    }
  }
}
