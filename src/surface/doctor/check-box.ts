// Checks of the doctor on what the box measures of itself: power and time; and whether the MQTT broker can be called. What this box
// cannot tell is absent, not wrong.
import { renderCondition } from '../../base/conditions/catalogue.ts'
import { TramError } from '../../base/errors.ts'
import { parseBrokerUrl } from '../../equipment/mqtt/mqtt-options.ts'
import { connectOnce } from './check-network.ts'
import { absent, pass } from './doctor-report.ts'
import type { Check } from './doctor-site.ts'

export const powerCheck: Check = async (site) => {
  const { undervoltage, undervoltageSinceBoot } = await site.box()
  if (undervoltage === undefined && undervoltageSinceBoot === undefined)
    return [absent('máy này không đo nguồn', 'this box does not measure its supply')]
  if (undervoltage === true) throw new TramError('BOX_UNDERVOLTAGE', {})
  if (undervoltageSinceBoot !== true) return [pass('đủ điện áp', 'the supply is strong enough')]
  // Nothing is wrong now, so nothing that a running station would list.
  const before = pass('đủ điện áp, nhưng đã có lúc thiếu từ khi bật máy', 'strong enough, but was too weak since boot')
  const { todoVi, todoEn } = renderCondition('BOX_UNDERVOLTAGE', {})
  return [{ ...before, state: 'warn', todo: { vi: todoVi, en: todoEn } }]
}

export const timeCheck: Check = async (site) => {
  const { clockSynchronised, clockErrorMs } = await site.box()
  if (clockSynchronised === undefined) return [absent('không hỏi được chronyd', 'chronyd does not answer here')]
  const error = Math.round(clockErrorMs ?? 0)
  if (!clockSynchronised) throw new TramError('CLOCK_UNSYNCHRONISED', {})
  return [
    pass(`đã đồng bộ, sai nhiều nhất ${error} ms`, `synchronised, off by ${error} ms at most`, { errorMs: error }),
  ]
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
