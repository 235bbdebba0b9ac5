import Datasets
import Foundation
package import Measures
import Synchronization

/// The decoded samples of the clients of one process: as many as a limit allows, those that were
/// used longest ago make room for others.
///
/// The samples that were used last stay, whatever their size, and so does what a training or an
/// evaluation holds while it goes on. What was dropped is decoded anew when somebody asks, to the
/// same bits.
package final class SampleCache: Sendable {
  private struct Entry {
    var samples: ClientSamples
    var bytes: Int
    var use: UInt64
  }

  private struct State {
    var entries: [Int: Entry] = [:]
    var bytes = 0
    var uses: UInt64 = 0
    var evictions = 0
  }

  /// The most bytes of samples that are kept.
  package let limit: ByteCount
  private let state = Mutex(State())

  /// An empty cache for `limit` bytes of samples.
  package init(limit: ByteCount = SampleCache.standardLimit) { self.limit = limit }

  /// Half of the machine's memory.
  package static var standardLimit: ByteCount {
    ByteCount(Int(clamping: ProcessInfo.processInfo.physicalMemory / 2))
  }

  /// The bytes of the samples that are kept now.
  package var bytes: Int { state.withLock { $0.bytes } }

  /// The number of times that a client's samples were dropped to make room.
  package var evictions: Int { state.withLock { $0.evictions } }

  /// A client's samples, if they are kept.
  func samples(of client: Int) -> ClientSamples? {
    state.withLock { state in
      state.uses += 1
      state.entries[client]?.use = state.uses
      return state.entries[client]?.samples
    }
  }

  /// Keeps a client's samples, in place of its earlier ones.
  func keep(_ samples: ClientSamples, of client: Int) {
    let bytes = samples.bytes
    // What is dropped is freed once the state is unlocked.
    let dropped = state.withLock { state -> [Entry?] in
      var dropped = [Self.remove(client, from: &state)]
      state.uses += 1
      while state.bytes + bytes > limit.bytes,
        let oldest = state.entries.min(by: { $0.value.use < $1.value.use })?.key
      {
        dropped.append(Self.remove(oldest, from: &state))
        state.evictions += 1
      }
      state.entries[client] = Entry(samples: samples, bytes: bytes, use: state.uses)
      state.bytes += bytes
      return dropped
    }
    _ = dropped
  }

  /// Drops a client's samples, which aren't what its files hold any more.
  func drop(_ client: Int) {
    let dropped = state.withLock { Self.remove(client, from: &$0) }
    _ = dropped
  }

  private static func remove(_ client: Int, from state: inout State) -> Entry? {
    let entry = state.entries.removeValue(forKey: client)
    state.bytes -= entry?.bytes ?? 0
    return entry
  }
}

extension ClientSamples {
  /// The bytes of memory that the samples take.
  fileprivate var bytes: Int {
    [training, heldOut].reduce(0) { $0 + $1.dataset.bytes + 8 * $1.indices.count }
  }
}
