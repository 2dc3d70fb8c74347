// The side of BullMQ and bee-queue in the benchmark of queues on Redis: one measure of one peer.
//
// Usage: node tests/bench/queue_peers.mjs PEER MEASURE PORT [--OPTION VALUE …]
//
//   PEER      bullmq or bee-queue
//   PORT      of a Redis on 127.0.0.1 which the caller has started and emptied
//   MEASURE   with its options, each of which has a default:
//     enqueue-batch  --jobs N --batch B            {"seconds":…, "jobs":N}
//     enqueue-one    --jobs N --callers C          {"seconds":…, "jobs":N}
//     process        --jobs N --batch B --concurrency C
//                                                  {"seconds":…, "jobs":N}
//     latency        --rate R --seconds S --concurrency C
//                                                  {"p50_us":…, "p99_us":…, "jobs":n}
//     memory         --jobs N --batch B            {"bytes_per_job":…}
//
// Prints one JSON object on stdout. Exit status 1 where a peer fails or miscounts, 2 for a wrong
// call, 3 where npm has not installed the peer (npm install --prefix tests --no-package-lock).
//
// Each peer has the settings that make it fastest while it still keeps what a queue promises: its
// own bulk call, leases and stalled checks at their defaults, done jobs removed. Everything is in
// one process, with one worker: several that share the concurrency were faster in no measure by
// more than runs differ. What comments say of speed was measured without persistence.
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { Worker as Thread } from 'node:worker_threads';

const PAYLOAD_BYTES = 200;

// Two let the peer build a batch while Redis works on the other; with one at a time either side
// waits for the other (both peers lose a third), and with 4 or 8 they gain nothing over two.
const BATCHES_IN_FLIGHT = 2;

const DEFAULTS = {
  jobs: 100_000,
  batch: 1000,
  callers: 16,
  concurrency: 10,
  rate: 1000,
  seconds: 5,
};

function fail(error) {
  console.error(`queue_peers: ${error?.stack ?? error}`);
  process.exit(1);
}

// A peer is loaded only when it is asked for, so that a missing one is told from one that fails.
async function load(name) {
  try {
    return await import(name);
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    console.error(`queue_peers: npm has not installed ${name}.`);
    process.exit(3);
  }
}

// ---- Peers -----------------------------------------------------------------------------------

class BullMq {
  static async open(port) {
    const { Queue, Worker } = await load('bullmq');
    const { Redis } = await load('ioredis');
    // A connection that a worker may block on has to retry without end; BullMQ insists on it.
    // Its other driver, node-redis, is a sixth faster at batches, a third slower at single jobs
    // and no faster at processing; automatic pipelining of ioredis makes single jobs much slower.
    const connection = new Redis({ host: '127.0.0.1', port, maxRetriesPerRequest: null });
    const queue = new Queue('bench', { connection });
    queue.on('error', fail);
    await queue.waitUntilReady();
    return new BullMq(Worker, connection, queue);
  }

  constructor(Worker, connection, queue) {
    this.Worker = Worker;
    this.connection = connection;
    this.queue = queue;
  }

  add(data) {
    return this.queue.add('job', data);
  }

  addAll(payloads) {
    return this.queue.addBulk(payloads.map((data) => ({ name: 'job', data })));
  }

  // Returns what starts the worker, once its connections stand.
  async prepareWorker(concurrency, handler, onDone) {
    this.worker = new this.Worker('bench', handler, {
      connection: this.connection,
      concurrency,
      autorun: false,
      // The same as removeOnComplete: true of a job, but not stored with each job.
      removeOnComplete: { count: 0 },
    });
    this.worker.on('completed', onDone);
    this.worker.on('failed', (_job, error) => fail(error));
    this.worker.on('stalled', (id) => fail(`job ${id} stalled`));
    this.worker.on('error', fail);
    await this.worker.waitUntilReady();
    return () => this.worker.run().catch(fail);
  }

  async counts() {
    const { waiting, ...elsewhere } = await this.queue.getJobCounts();
    return { waiting, elsewhere: Object.values(elsewhere).reduce((sum, count) => sum + count, 0) };
  }

  memoryInfo() {
    return this.connection.info('memory');
  }

  async close() {
    await this.worker?.close();
    await this.queue.close();
    await this.connection.quit();
  }
}

class BeeQueue {
  static async open(port) {
    const { default: Queue } = await load('bee-queue');
    const queue = new Queue('bench', {
      redis: { host: '127.0.0.1', port },
      // Nobody listens for events across processes: they would cost a message for each job, and
      // a map of all jobs that serves only those events.
      getEvents: false,
      sendEvents: false,
      storeJobs: false,
      removeOnSuccess: true,
    });
    queue.on('error', fail);
    await queue.ready();
    return new BeeQueue(queue);
  }

  constructor(queue) {
    this.queue = queue;
  }

  add(data) {
    return this.queue.createJob(data).save();
  }

  async addAll(payloads) {
    const errors = await this.queue.saveAll(payloads.map((data) => this.queue.createJob(data)));
    for (const error of errors.values()) throw error;
  }

  // Returns what starts the worker; the queue itself is it, and has its connections already.
  async prepareWorker(concurrency, handler, onDone) {
    this.queue.on('succeeded', onDone);
    this.queue.on('failed', (_job, error) => fail(error));
    this.queue.on('stalled', (id) => fail(`job ${id} stalled`));
    return () => this.queue.process(concurrency, handler);
  }

  async counts() {
    const { waiting, active, succeeded, failed, delayed } = await this.queue.checkHealth();
    return { waiting, elsewhere: active + succeeded + failed + delayed };
  }

  memoryInfo() {
    return new Promise((resolve, reject) => {
      this.queue.client.info('memory', (error, text) => (error ? reject(error) : resolve(text)));
    });
  }

  close() {
    return this.queue.close();
  }
}

const PEERS = { bullmq: BullMq, 'bee-queue': BeeQueue };

// ---- What all measures need ------------------------------------------------------------------

const PADDING = PAYLOAD_BYTES - JSON.stringify({ p: '' }).length;

// The number stands first, so that no two are alike and a handler finds which job it has.
function payload(number) {
  return { p: String(number).padStart(8, '0').padEnd(PADDING, 'x') };
}

function numberOf(data) {
  return Number.parseInt(data.p, 10);
}

function payloads(first, end) {
  return Array.from({ length: end - first }, (_, i) => payload(first + i));
}

async function fill(peer, jobs, batch) {
  let next = 0;
  const putIn = async () => {
    while (next < jobs) {
      const first = next;
      next = Math.min(jobs, first + batch);
      await peer.addAll(payloads(first, next));
    }
  };
  await Promise.all(Array.from({ length: BATCHES_IN_FLIGHT }, putIn));
}

async function secondsOf(work) {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

// A figure is worth something only where the peer did what it was asked.
async function expectWaiting(peer, expected) {
  const { waiting, elsewhere } = await peer.counts();
  if (waiting === expected && elsewhere === 0) return;
  throw new Error(`${waiting} jobs wait and ${elsewhere} are elsewhere; ${expected} should wait`);
}

// Returns what is called for each of `count`, and a promise of the last call.
function countdown(count) {
  let left = count;
  let resolve;
  const over = new Promise((resolver) => {
    resolve = resolver;
  });
  const step = () => {
    left -= 1;
    if (left === 0) resolve();
  };
  return { step, over };
}

async function usedMemory(peer) {
  return Number(/^used_memory:(\d+)/m.exec(await peer.memoryInfo())[1]);
}

// Waits for parts of a millisecond in a thread of its own. A timer of Node counts in whole ones,
// so that jobs would come in bursts; turning the event loop until a job is due would take a core
// from Redis.
class Pacer {
  static CODE = `
    const { parentPort } = require('node:worker_threads');
    const never = new Int32Array(new SharedArrayBuffer(4));
    parentPort.on('message', (milliseconds) => {
      Atomics.wait(never, 0, 0, milliseconds);
      parentPort.postMessage('due');
    });`;

  thread = new Thread(Pacer.CODE, { eval: true });

  wait(milliseconds) {
    this.thread.postMessage(milliseconds);
    return once(this.thread, 'message');
  }

  close() {
    return this.thread.terminate();
  }
}

// ---- Measures --------------------------------------------------------------------------------

async function enqueueBatch(peer, { jobs, batch }) {
  const seconds = await secondsOf(() => fill(peer, jobs, batch));
  await expectWaiting(peer, jobs);
  return { seconds, jobs };
}

async function enqueueOne(peer, { jobs, callers }) {
  let next = 0;
  const caller = async () => {
    while (next < jobs) {
      const number = next;
      next += 1;
      await peer.add(payload(number));
    }
  };
  const seconds = await secondsOf(() => Promise.all(Array.from({ length: callers }, caller)));
  await expectWaiting(peer, jobs);
  return { seconds, jobs };
}

async function processAll(peer, { jobs, batch, concurrency }) {
  await fill(peer, jobs, batch);
  const { step, over } = countdown(jobs);
  const start = await peer.prepareWorker(concurrency, async () => {}, step);
  const seconds = await secondsOf(() => {
    start();
    return over;
  });
  await expectWaiting(peer, 0);
  return { seconds, jobs };
}

// From just before a job is added to the start of its handler, both in this process. The jobs of
// the first second do not count.
async function latency(peer, { rate, seconds, concurrency }) {
  const warmUp = rate;
  const count = warmUp + rate * seconds;
  const putIn = new Float64Array(count);
  const latencies = new Float64Array(count);
  const { step, over } = countdown(count);
  const handler = async ({ data }) => {
    const number = numberOf(data);
    latencies[number] = performance.now() - putIn[number];
  };
  const startWorker = await peer.prepareWorker(concurrency, handler, step);
  startWorker();
  const pacer = new Pacer();
  // Each job is due at its own time and nothing waits for an add to return, so that a slow one
  // holds no other up; what fell due while this process was busy is added at once.
  const start = performance.now();
  for (let number = 0; number < count; number += 1) {
    const due = start + (number * 1000) / rate;
    for (let now = performance.now(); now < due; now = performance.now()) {
      await pacer.wait(due - now);
    }
    putIn[number] = performance.now();
    peer.add(payload(number)).catch(fail);
  }
  await over;
  await pacer.close();
  await expectWaiting(peer, 0);
  const counted = latencies.subarray(warmUp).sort();
  const percentile = (share) => counted[Math.floor(counted.length * share)] * 1000;
  return { p50_us: percentile(0.5), p99_us: percentile(0.99), jobs: counted.length };
}

async function memory(peer, { jobs, batch }) {
  const before = await usedMemory(peer);
  await fill(peer, jobs, batch);
  const bytes = (await usedMemory(peer)) - before;
  await expectWaiting(peer, jobs);
  return { bytes_per_job: bytes / jobs };
}

const MEASURES = {
  'enqueue-batch': enqueueBatch,
  'enqueue-one': enqueueOne,
  process: processAll,
  latency,
  memory,
};

// ---- The call --------------------------------------------------------------------------------

function parseCall(words) {
  const defaults = Object.entries(DEFAULTS).map(([name, value]) => [
    name,
    { type: 'string', default: String(value) },
  ]);
  const { values, positionals } = parseArgs({
    args: words,
    options: Object.fromEntries(defaults),
    allowPositionals: true,
  });
  const [peer, measure, port] = positionals;
  if (
    positionals.length !== 3 ||
    !Object.hasOwn(PEERS, peer) ||
    !Object.hasOwn(MEASURES, measure)
  ) {
    throw new Error('a call is PEER MEASURE PORT, see the head of this file');
  }
  const options = {};
  for (const [name, text] of Object.entries({ port, ...values })) {
    options[name] = Number(text);
    if (!Number.isInteger(options[name]) || options[name] < 1) {
      throw new Error(`${name} is a whole number above 0, not ${text}`);
    }
  }
  return { Peer: PEERS[peer], measure: MEASURES[measure], options };
}

let call;
try {
  call = parseCall(process.argv.slice(2));
} catch (error) {
  console.error(`queue_peers: ${error.message}`);
  process.exit(2);
}

try {
  const peer = await call.Peer.open(call.options.port);
  const figures = await call.measure(peer, call.options);
  await peer.close();
  console.log(JSON.stringify(figures));
} catch (error) {
  fail(error);
}
