// Checks of the doctor on what the box measures of itself: power, with the UPS, and time; and whether the MQTT broker would have us. What this box
// cannot tell is absent, not wrong.
import { renderCondition } from '../../base/conditions/catalogue.ts'
import { TramError } from '../../base/errors.ts'
import { told } from './check-station.ts'
import { absent, type Finding, pass, trouble } from './doctor-report.ts'
import type { Check, DoctorSite } from './doctor-site.ts'

export const powerCheck: Check = async (site) => [...(await supplyFindings(site)), ...(await upsFindings(site))]

async function supplyFindings(site: DoctorSite): Promise<Finding[]> {
  const { undervoltage, undervoltageSinceBoot } = await site.box()
  if (undervoltage === undefined && undervoltageSinceBoot === undefined)
    return [absent('máy này không đo nguồn', 'this box does not measure its supply')]
  if (undervoltage === true) return [trouble(new TramError('BOX_UNDERVOLTAGE', {}))]
  if (undervoltageSinceBoot !== true) return [pass('đủ điện áp', 'the supply is strong enough')]
  // Nothing is wrong now, so nothing that a running station would list.
  const before = pass('đủ điện áp, nhưng đã có lúc thiếu từ khi bật máy', 'strong enough, but was too weak since boot')
  const { todoVi, todoEn } = renderCondition('BOX_UNDERVOLTAGE', {})
  return [{ ...before, state: 'warn', todo: { vi: todoVi, en: todoEn } }]
}

/** Of the UPS, which one process at a time can ask: the station's. Nothing without one. */
async function upsFindings(site: DoctorSite): Promise<Finding[]> {
  if ((await site.config()).ups.line === undefined) return []
  try {
    const troubles = (await site.health()).conditions.filter(({ code }) => code.startsWith('UPS_')).map(told)
    if (troubles.length > 0) return troubles
    const { ups_present, ups_on_mains, ups_input_volts: volts, ups_load_ratio: load } = await site.metrics()
    if (ups_present !== 1 || ups_on_mains !== 1)
      return [absent('UPS: chưa trả lời lần nào', 'UPS: it has not answered yet')]
    const input = volts === undefined ? '' : `, ${Math.round(volts)} V`
    const [vi, en] =
      load === undefined ? ['', ''] : [`, tải ${Math.round(load * 100)} %`, `, load ${Math.round(load * 100)} %`]
    return [pass(`UPS: có điện lưới${input}${vi}`, `UPS: on mains${input}${en}`)]
  } catch (error) {
    // Why it does not answer is the line of another check.
    if (error instanceof TramError && ['STATION_NOT_RUNNING', 'STATION_SOCKET_DENIED'].includes(error.code))
      return [absent('UPS: chỉ hỏi được qua trạm đang chạy', 'UPS: only the running station asks it')]
    throw error
  }
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
  const { url: broker } = (await site.config()).mqtt
  if (broker === undefined) return [absent('chưa cấu hình [mqtt]', 'no [mqtt] configured')]
  await site.probeBroker(signal)
  return [pass(`${broker} trả lời, chứng thư hợp lệ`, `${broker} answers and takes the certificate`, { broker })]
}
