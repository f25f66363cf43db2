import type { Outcome, Turn } from '../../domain/asking.ts'

/** What gatherings share, so that a storm asks once and a system that is down is left alone. */
export interface Memory {
  /**
   * Whose turn it is to ask this. With a key (null: not shared), whoever comes second waits for the first one's answer,
   * at most `waitMs`, and then asks too. A turn that nobody tells the outcome of ends after `leaseMs`.
   */
  take(system: string, key: string | null, limits: { waitMs: number; leaseMs: number }): Promise<Turn>
  tell(system: string, key: string | null, token: string | null, outcome: Outcome): Promise<void>
}

/** For a command that runs alone: every question is asked. */
export const noMemory: Memory = {
  take: async () => ({ turn: 'ask', token: null }),
  tell: async () => {},
}
