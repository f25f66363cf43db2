import type { Finding } from '../../domain/catalog-draft.ts'
import { assetOf } from '../../domain/reading/asset.ts'
import type { System } from '../../domain/system.ts'

/** What a warehouse's tables say to a catalogue: that they are there, and how many rows they have. */
export function tableFindings(
  { name: system, kind }: Pick<System, 'name' | 'kind'>,
  tables: readonly { name: string; rows: number }[],
): Finding[] {
  // The one that settings describe is called like its kind, and needs no naming.
  const home = system === kind ? {} : { system }
  return tables.flatMap(({ name, rows }): Finding[] => {
    const asset = assetOf('table', name)
    return asset ? [{ asset, says: home, because: `${system}: about ${rows} rows` }] : []
  })
}
