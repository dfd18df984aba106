/**
 * INFO memory. `used_memory` is the arena's account of data and tables, exact to the byte; what the JS engine and its threads
 * need beside that shows in used_memory_rss alone, and is why the fragmentation ratio of a small server is large.
 */
import { field, fixed, human, type InfoFacts, type InfoSection, percent, ratio } from '../info-section.ts';

/** Resident bytes beyond what the arena has of the operating system: the engine, its heaps, code, stacks. */
function engineBytes({ memory, process }: InfoFacts): number {
  return Math.max(0, process.residentBytes - memory.usedBytes);
}

function datasetBytes({ memory }: InfoFacts): number {
  return memory.usedBytes - memory.tableBytes;
}

export const MEMORY: InfoSection = {
  name: 'memory',
  title: 'Memory',
  usual: true,
  fields: [
    field('used_memory', ({ memory }) => memory.usedBytes),
    field('used_memory_human', ({ memory }) => human(memory.usedBytes)),
    field('used_memory_rss', ({ process }) => process.residentBytes),
    field('used_memory_rss_human', ({ process }) => human(process.residentBytes)),
    field('used_memory_peak', ({ memory }) => memory.peakBytes),
    field('used_memory_peak_human', ({ memory }) => human(memory.peakBytes)),
    field('used_memory_peak_perc', ({ memory }) => percent(memory.usedBytes, memory.peakBytes)),
    field('used_memory_overhead', ({ memory }) => memory.tableBytes),
    fixed('used_memory_startup', 0),
    field('used_memory_dataset', datasetBytes),
    field('used_memory_dataset_perc', (facts) => percent(datasetBytes(facts), facts.memory.usedBytes)),
    field('allocator_allocated', ({ memory }) => memory.usedBytes),
    field('allocator_active', ({ memory }) => memory.reservedBytes),
    field('allocator_resident', ({ memory }) => memory.reservedBytes),
    field('total_system_memory', ({ server }) => server.host.totalMemory),
    field('total_system_memory_human', ({ server }) => human(server.host.totalMemory)),
    fixed('used_memory_lua', 0),
    fixed('used_memory_vm_eval', 0),
    fixed('used_memory_lua_human', '0B'),
    fixed('used_memory_scripts_eval', 0),
    fixed('number_of_cached_scripts', 0),
    fixed('number_of_functions', 0),
    fixed('number_of_libraries', 0),
    fixed('used_memory_vm_functions', 0),
    fixed('used_memory_vm_total', 0),
    fixed('used_memory_vm_total_human', '0B'),
    fixed('used_memory_functions', 0),
    fixed('used_memory_scripts', 0),
    fixed('used_memory_scripts_human', '0B'),
    field('maxmemory', ({ server }) => String(server.config.value('maxmemory'))),
    field('maxmemory_human', ({ server }) => human(server.config.number('maxmemory'))),
    field('maxmemory_policy', ({ server }) => server.config.string('maxmemory-policy')),
    field('allocator_frag_ratio', ({ memory }) => ratio(memory.reservedBytes, memory.usedBytes)),
    field('allocator_frag_bytes', ({ memory }) => memory.reservedBytes - memory.usedBytes),
    fixed('allocator_rss_ratio', '1.00'),
    fixed('allocator_rss_bytes', 0),
    field('rss_overhead_ratio', ({ memory, process }) => ratio(process.residentBytes, memory.reservedBytes)),
    field('rss_overhead_bytes', ({ memory, process }) => process.residentBytes - memory.reservedBytes),
    field('mem_fragmentation_ratio', ({ memory, process }) => ratio(process.residentBytes, memory.usedBytes)),
    field('mem_fragmentation_bytes', engineBytes),
    fixed('mem_not_counted_for_evict', 0),
    fixed('mem_replication_backlog', 0),
    fixed('mem_total_replication_buffers', 0),
    fixed('mem_clients_slaves', 0),
    field('mem_clients_normal', ({ clients }) => clients.bytes),
    fixed('mem_cluster_links', 0),
    fixed('mem_aof_buffer', 0),
    fixed('mem_allocator', 'arena'),
    fixed('active_defrag_running', 0),
    field('lazyfree_pending_objects', ({ server }) => server.keyspace.lazyFree.pending),
    field('lazyfreed_objects', ({ server }) => server.keyspace.lazyFree.freed - server.stats.lazyFreedBefore),
  ],
};
