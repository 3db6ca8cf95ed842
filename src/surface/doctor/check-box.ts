// Checks of the doctor on what the box measures of itself: power and time; and whether the MQTT broker can be called. What this box
// cannot tell is absent, not wrong.
import { TramError } from '../../base/errors.ts'
import { parseBrokerUrl } from '../../equipment/mqtt/mqtt-options.ts'
import { connectOnce } from './check-network.ts'
import { absent, pass, troublesOr } from './doctor-report.ts'
import type { Check } from './doctor-site.ts'

const unsuitable = (detail: string): TramError => new TramError('PLATFORM_UNSUITABLE', { detail })

export const powerCheck: Check = async (site) => {
  const { undervoltage, undervoltageSinceBoot } = await site.box()
  if (undervoltage === undefined && undervoltageSinceBoot === undefined)
    return [absent('máy này không đo nguồn', 'this box does not measure its supply')]
  const now = undervoltage === true ? [unsuitable('the supply is too weak now')] : []
  const before =
    undervoltageSinceBoot === true && now.length === 0 ? [unsuitable('the supply was too weak since boot')] : []
  return troublesOr([...now, ...before], pass('đủ điện áp', 'the supply is strong enough'))
}

export const timeCheck: Check = async (site) => {
  const { clockSynchronised, clockErrorMs } = await site.box()
  if (clockSynchronised === undefined) return [absent('không hỏi được chronyd', 'chronyd does not answer here')]
  const error = Math.round(clockErrorMs ?? 0)
  const troubles = clockSynchronised ? [] : [unsuitable('the clock is not synchronised (chronyd)')]
  return troublesOr(
    troubles,
    pass(`đã đồng bộ, sai nhiều nhất ${error} ms`, `synchronised, off by ${error} ms at most`, { errorMs: error }),
  )
}

export const brokerCheck: Check = async (site, signal) => {
  const { url } = (await site.config()).mqtt
  const address = url === undefined ? undefined : parseBrokerUrl(url)
  if (address === undefined || 'mistake' in address) return [absent('chưa cấu hình [mqtt]', 'no [mqtt] configured')]
  const broker = `${address.host}:${address.port}`
  try {
    await connectOnce(address, signal)
  } catch (error) {
    signal.throwIfAborted()
    const detail = error instanceof Error ? error.message : String(error)
    throw new TramError('BROKER_UNREACHABLE', { broker, detail }, { cause: error })
  }
  return [pass(`${broker} trả lời (TCP)`, `${broker} answers (TCP)`, { broker })]
}
