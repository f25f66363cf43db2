import { generateKeyPairSync } from 'node:crypto'
import { afterEach, expect, test, vi } from 'vitest'
import { completion, readingOf } from '../../tests/stand-ins/gemini.ts'
import { stuckDag } from '../../tests/support/evidence.ts'
import { defaultModelTerms } from '../domain/model-terms.ts'
import { openGemini } from './gemini.ts'
import { analyzeWithModel } from './model.ts'

afterEach(() => vi.unstubAllGlobals())

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
})
const account = { client_email: 'dim@example.iam.gserviceaccount.com', private_key: privateKey }

const open = (credentials: string) =>
  openGemini({
    model: 'gemini-2.5-flash',
    terms: defaultModelTerms,
    vertex: { project: 'data-platform', location: 'europe-west1', credentials },
  })

test('Vertex AI is asked in its region, with the service account’s own token', async () => {
  // Google's own addresses can't be chosen: the network's edge is fetch itself, which its log-in takes from `window`.
  const asked: { url: string; authorization: string | null }[] = []
  const answer = async (input: string | URL | Request, init?: RequestInit) => {
    const request = new Request(input, init)
    if (request.url.endsWith('/token')) {
      return Response.json({ access_token: 'vertex-token', expires_in: 3600, token_type: 'Bearer' })
    }
    asked.push({ url: request.url, authorization: request.headers.get('authorization') })
    const { contents } = (await request.json()) as { contents: { parts: { text: string }[] }[] }
    return Response.json(completion(readingOf(contents[0]?.parts[0]?.text ?? '')).body)
  }
  vi.stubGlobal('fetch', answer)
  vi.stubGlobal('window', { fetch: answer })
  const model = await open(JSON.stringify(account))
  const { record } = await analyzeWithModel(stuckDag(), model, { clock: () => 0, secretValues: [] })
  expect(record).toMatchObject({ analyzer: 'gemini', fallback: null })
  expect(asked).toEqual([
    {
      url: 'https://europe-west1-aiplatform.googleapis.com/v1/projects/data-platform/locations/europe-west1/publishers/google/models/gemini-2.5-flash:generateContent',
      authorization: 'Bearer vertex-token',
    },
  ])
})

test('what is no service account is refused without being quoted', async () => {
  const refused = open('{"private_key": "not-to-be-seen"}')
  await expect(refused).rejects.toMatchObject({ code: 'E_SETTING_INVALID' })
  await expect(refused).rejects.not.toThrow(/not-to-be-seen/)
})
