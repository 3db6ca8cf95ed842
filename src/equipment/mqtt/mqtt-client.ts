// The part of mqtt-connection.ts that holds mqtt.js, loaded when a station has a broker. A module of its own because a chunk of the
// bundle that is a CommonJS package has a default export and no other: imported by name here, it is the same in the bundle and outside.
import type { Socket } from 'node:net'
import { type IClientOptions, MqttClient } from 'mqtt'

/** A client on a connection that is being made; it makes no other. */
export const mqttClientOn = (socket: Socket, options: IClientOptions): MqttClient =>
  new MqttClient(() => socket, options)
