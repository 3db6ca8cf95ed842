// docs/leds.md: the table of hw/leds.json for technicians, Vietnamese first.
import { type LedState, ledPatterns, ledStates, leds } from '../src/equipment/host/led-table.ts'

/** @param notice says that the page is made */
export function ledPage(notice: string): string {
  const { green, red } = leds
  const rows = (language: 'vi' | 'en') =>
    ledStates.map((state) => {
      const { vi, en, todoVi, todoEn } = state
      const texts = language === 'vi' ? `${vi} | ${todoVi}` : `${en} | ${todoEn}`
      return `| ${ledPatterns[state.green][language]} | ${ledPatterns[state.red][language]} | ${texts} |`
    })
  return `${notice}

# Đèn trên máy / Lights

Máy có hai đèn: **${green.vi}** (\`${green.name}\` trên Raspberry Pi) và **${red.vi}** (\`${red.name}\`). Tên khác: \`[box] green_led\`, \`red_led\`.
Máy không có hai đèn này thì trạm không báo gì. Đèn đứng yên như cũ khi trạm bị dừng đột ngột.

| ${green.vi} | ${red.vi} | nghĩa | cần làm |
|---|---|---|---|
${rows('vi').join('\n')}

The box has two lights: **${green.en}** (\`${green.name}\` on a Raspberry Pi) and **${red.en}** (\`${red.name}\`). Other names: \`[box] green_led\`, \`red_led\`.
On a board without them nothing is shown. When the station is killed the lights stay as they were.

| ${green.en} | ${red.en} | meaning | what to do |
|---|---|---|---|
${rows('en').join('\n')}

## Conditions / Tình trạng

The first state that applies is shown, from top to bottom. / Trạng thái đúng đầu tiên từ trên xuống được hiển thị.

| state | is shown for |
|---|---|
${ledStates.map((state) => `| ${state.id} | ${reason(state)} |`).join('\n')}

The account that runs the station must be allowed to write \`trigger\`, \`brightness\`, \`delay_on\` and \`delay_off\` of both lights.
`
}

function reason({ id, when: { codes = [], severities = [] } }: LedState): string {
  if (id === 'identify') return 'the command that looks for a box'
  if (id === 'booting') return 'a station that does not serve yet, or no more'
  const made = [...codes.map((code) => `\`${code}\``), ...severities.map((severity) => `any condition: *${severity}*`)]
  return made.length === 0 ? 'everything else' : made.join(', ')
}
