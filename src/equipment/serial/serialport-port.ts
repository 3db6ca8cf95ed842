// The part of serialport-line.ts that holds serialport, loaded when a station has a line; a module of its own for the reason that
// equipment/mqtt/mqtt-client.ts gives.
import { SerialPort } from 'serialport'

/** A port that is not open yet. */
export const serialPortOf = (options: ConstructorParameters<typeof SerialPort>[0]): SerialPort =>
  new SerialPort(options)
