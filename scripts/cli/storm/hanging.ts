import { createServer, type Socket } from 'node:net'
import { geminiKey, startGemini } from '../../../tests/stand-ins/gemini.ts'

export interface Hanging {
  settings: { GEMINI_API_KEY: string; GEMINI_BASE_URL: string; WAREHOUSE_URL: string }
  close(): Promise<void>
}

/** A model and a warehouse that take every question and answer none. */
export async function startHanging(): Promise<Hanging> {
  const gemini = await startGemini()
  gemini.fail('hang', { times: Number.POSITIVE_INFINITY })
  const sockets = new Set<Socket>()
  const warehouse = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
  })
  await new Promise<void>((resolve) => warehouse.listen(0, '127.0.0.1', resolve))
  const address = warehouse.address()
  if (address === null || typeof address === 'string') throw new Error('The warehouse has no port.')
  return {
    settings: {
      GEMINI_API_KEY: geminiKey,
      GEMINI_BASE_URL: gemini.url,
      WAREHOUSE_URL: `postgresql://reader:nothing@127.0.0.1:${address.port}/warehouse`,
    },
    async close() {
      await gemini.close()
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => warehouse.close(resolve))
    },
  }
}
