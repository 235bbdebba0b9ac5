import Datasets
import Federation
import LocalTraining
import ZeroMQ

/// Clients' own samples: read before a client joins, and again when those that are of no use have
/// changed.
///
/// Samples of use are looked at when a training begins.
extension WorkerLoop {
  /// Has a client's samples read on the pool.
  func read(_ folder: OwnFolder?, of client: Int) {
    guard let folder else { return }
    pool.submit { [inbox] _ in
      let look = folder.look()
      // What was read by an earlier worker of this process is news to this one.
      _ = inbox.push(.read(client: client, look.outcome))
    }
  }

  /// Takes in what was read of a client's samples.
  func take(_ outcome: OwnFolder.Outcome, of client: Int) throws {
    let isFirst = unread.remove(client) != nil
    if isFirst { enter(client) }
    if unread.isEmpty { ResidentMemory.giveBack() }
    guard hosts[client] != nil else { return }
    switch outcome {
    case .success(let samples):
      report(.readSamples(client: client, samples.counts, isNew: !isFirst))
      for remark in samples.remarks { report(.remarked(client: client, remark)) }
      if samples.training.isEmpty { repairs.await(client, at: now) }
    case .failure(let error):
      report(.unusableSamples(client: client, error))
      repairs.await(client, at: now)
    }
    try handle(.has(outcome.holding), for: client)
  }

  /// Looks now and then whether samples that were of no use have changed.
  func lookForRepairs() {
    for client in repairs.due(now, every: settings.repairInterval) {
      guard hosts[client] != nil, let folder = workload.data.own?[client] else { continue }
      pool.submit { [inbox] _ in
        let look = folder.look()
        _ = inbox.push(
          look.isNew ? .read(client: client, look.outcome) : .isUnchanged(client: client))
      }
    }
  }
}

extension Inbox<WorkerEvent> {
  /// Has a client's samples looked at again that couldn't be read for a moment; what is wrong with
  /// them for longer was told when they were looked at.
  func lookAgain(at client: Int, after error: DatasetError) {
    if error.isPassing { _ = push(.read(client: client, .failure(error))) }
  }
}

/// The clients whose own samples are of no use until they change, each with the time of its last
/// look.
struct DataRepairs {
  private var waiting: [Int: Duration] = [:]

  /// A client's samples were of no use at `now`.
  mutating func await(_ client: Int, at now: Duration) { waiting[client] = now }

  /// The clients whose samples are to be looked at again, in rising order; nobody's are until the
  /// look has ended.
  mutating func due(_ now: Duration, every interval: Duration) -> [Int] {
    let due = waiting.filter { now - $0.value >= interval }.keys.sorted()
    for client in due { waiting[client] = nil }
    return due
  }
}
