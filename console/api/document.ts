import { createDocument, type ZodOpenApiPathsObject, type ZodOpenApiResponsesObject } from 'zod-openapi'
import { apiBase } from './base.ts'
import type { Operation } from './operation.ts'
import { operations } from './operations.ts'
import { Problem, problemType } from './problem.ts'

const refusals = {
  400: 'What was sent can’t be understood.',
  401: 'There is no token, or it is not good any more.',
  403: 'The token’s role does not do.',
  404: 'There is nothing of that name in this tenant.',
  409: 'It can’t be done as things are now.',
  413: 'It is longer than 64 KiB.',
  429: 'Too many requests; `Retry-After` says when to ask again.',
  500: 'A fault of the console; its log says why.',
  503: 'The store does not answer; ask again.',
} as const

/** The API as OpenAPI 3.1: made from the same schemas that check what comes in. */
export function openApiDocument() {
  const paths: ZodOpenApiPathsObject = {}
  for (const one of operations) paths[one.path] = { ...paths[one.path], [one.method]: described(one) }
  return createDocument(
    {
      openapi: '3.1.1',
      info: {
        title: 'DataIncidentManager',
        version: '1',
        description:
          'Everything that the console shows and does, for one tenant: that of the token. Instants are ISO-8601 in UTC.',
      },
      servers: [{ url: apiBase }],
      security: [{ token: [] }],
      paths,
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'Made in the console under API tokens.' },
        },
      },
    },
    {
      // JSON has no instants: they leave as text.
      override({ jsonSchema, zodSchema }) {
        if (zodSchema._zod.def.type === 'date') Object.assign(jsonSchema, { type: 'string', format: 'date-time' })
      },
    },
  )
}

function described({ id, summary, role, takes: { path, query, body }, answers }: Operation) {
  const responses: ZodOpenApiResponsesObject = {
    200: { description: 'Done, or as asked.', content: { 'application/json': { schema: answers } } },
  }
  for (const [status, description] of Object.entries(refusals)) {
    responses[status as '400'] = { description, content: { [problemType]: { schema: Problem } } }
  }
  return {
    operationId: id,
    summary,
    description: `Needs the role ${role}.`,
    tags: [id.split('.')[0] ?? id],
    'x-role': role,
    requestParams: { path, query },
    ...(body === null ? {} : { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses,
  } as const
}
