// Who is asked after a loss: a station that is asked twice has not answered the second question with its first answer.
import { expect, it } from 'vitest'
import { TestClock } from '../../../src/base/clock.ts'
import { MissingQuestions } from '../../../src/exchange/recovery/missing-questions.ts'
import { MemoryRecordStore } from '../../contract/memory-record-store.ts'
import { RecordedLink } from '../../fixtures/exchange/lone-station.ts'
import { peerIdOf, startMs } from '../../fixtures/exchange/test-world.ts'
import { silent } from '../../fixtures/store/temporary-store.ts'

it.each([
  ['stands still', 0],
  ['was set back', -1000],
])('takes no answer to an earlier question for one to the next, though the clock %s', async (_, stepMs) => {
  const link = new RecordedLink(peerIdOf('b'))
  const clock = new TestClock(startMs)
  const connector = { connect: async () => link }
  const questions = new MissingQuestions({
    records: new MemoryRecordStore(),
    connector,
    directoryVersion: () => 1,
    clock,
    logger: silent,
  })
  const ask = async (sinceMs: number) => {
    await questions.add(['b'], sinceMs)
    questions.linkOpened('b', link)
    return link.sent.at(-1)?.missing?.recovery ?? 0
  }
  const first = await ask(10)
  clock.advance(stepMs)
  const second = await ask(20)
  questions.answered('b', { recovery: first, offered: 1, unavailable: 0 })
  expect(questions.waiting()).toEqual(['b'])
  // The earlier of the two times: the first question was not answered when the second was asked.
  expect(link.sent.at(-1)?.missing?.sinceMs).toBe(10)
  questions.answered('b', { recovery: second, offered: 1, unavailable: 0 })
  expect(questions.waiting()).toEqual([])
})
