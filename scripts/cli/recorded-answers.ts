import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Model, Turn } from '../analysis/model.ts'
import { AppError } from '../lib/errors.ts'
import { parseJson, safeStringify } from '../lib/json.ts'

/** What a model answered, or might: one entry for each time it is asked; text, or an object that becomes its JSON. */
const Recorded = z.strictObject({
  /** Where it is from: a model's name and date, or that somebody wrote it. */
  from: z.string(),
  answers: z.array(z.union([z.string(), z.record(z.string(), z.unknown())])).min(1),
  finish_reason: z.string().optional(),
  input_tokens: z.int().min(0).optional(),
  output_tokens: z.int().min(0).optional(),
})

/** A model that answers what is kept in `answers/NAME.json` beside the scenarios. @throws AppError, where it is broken */
export async function recordedModel(folder: string, scenario: string): Promise<Model> {
  const text = await readFile(join(folder, 'answers', `${scenario}.json`), 'utf8').catch(() => null)
  const recorded = text === null ? null : Recorded.parse(parseJson(text))
  let asked = 0
  return {
    name: 'recorded',
    async ask() {
      const answer = recorded?.answers[Math.min(asked, recorded.answers.length - 1)]
      asked += 1
      if (!recorded || answer === undefined) throw noAnswer()
      return {
        text: typeof answer === 'string' ? answer : safeStringify(answer),
        finishReason: recorded.finish_reason ?? 'STOP',
        inputTokens: recorded.input_tokens ?? 0,
        outputTokens: recorded.output_tokens ?? 0,
      }
    },
  }
}

/** A model that keeps the question and answers nothing. */
export function listener(): Model & { heard: { instructions: string; turns: readonly Turn[] } | null } {
  return {
    name: 'listener',
    heard: null,
    async ask(instructions, turns) {
      this.heard = { instructions, turns: [...turns] }
      throw noAnswer()
    },
  }
}

function noAnswer(): AppError {
  return new AppError('E_MODEL_UNAVAILABLE', 'No answer is recorded.', 'Put one into answers/ beside the scenarios.')
}
