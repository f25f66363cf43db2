import type { Setting } from './setting.ts'

/** Who decides. */
export const model = {
  GEMINI_API_KEY: { kind: 'secret', required: false, what: 'Google Gemini. Without it `rules` decides.' },
  GEMINI_MODEL: { kind: 'setting', required: false, what: 'The model; default gemini-2.5-flash.' },
  GEMINI_BASE_URL: { kind: 'setting', required: false, what: 'Another address for the model, such as a proxy.' },
  VERTEX_PROJECT: {
    kind: 'setting',
    required: false,
    what: 'Google Cloud project: Gemini by Vertex AI, in a region of yours, instead of GEMINI_API_KEY.',
  },
  VERTEX_LOCATION: { kind: 'setting', required: false, what: 'Its region; default europe-west1.' },
  VERTEX_CREDENTIALS: {
    kind: 'secret',
    required: false,
    what: "A service account's key file as one line of JSON. Empty: the machine's own identity.",
  },
  ANALYZER: { kind: 'setting', required: false, what: '`rules` never asks the model; empty or `gemini` does.' },
} as const satisfies Record<string, Setting>
