import Measures

/// Something that has a name on a ``SimulatedDisk``.
protocol DiskNode: AnyObject {
  /// The power goes: what wasn't synced is lost, in part or as a whole.
  func losePower(_ chance: inout RandomStream)

  /// Nobody locks it any more.
  func unlock()
}

/// The bytes of a file, as they are read and as they are on the disk.
final class DiskFile: DiskNode {
  /// A change that may not be on the disk yet.
  enum Change {
    /// Bytes at an offset.
    case bytes([UInt8], at: Int)
    /// The file's new length.
    case truncation(Int)
  }

  /// The unit in which a disk writes: a part of it is never lost alone.
  static let sector = 512

  /// The permissions with which it was made.
  let mode: UInt32
  /// The bytes that are read.
  private(set) var bytes: [UInt8] = []
  /// The bytes that stay when the power goes.
  private var durable: [UInt8] = []
  private var pending: [Change] = []
  /// The open file that locks it.
  weak var holder: OpenDiskFile?

  init(mode: UInt32) { self.mode = mode }

  func change(_ change: Change) {
    Self.apply(change, to: &bytes)
    pending.append(change)
  }

  /// All changes reach the disk.
  func sync() {
    for change in pending { Self.apply(change, to: &durable) }
    pending = []
  }

  /// A sync fails: of the changes some reach the disk, and the others never will.
  func fail(_ chance: inout RandomStream) {
    for change in Self.rest(of: pending, &chance) { Self.apply(change, to: &durable) }
    pending = []
  }

  func losePower(_ chance: inout RandomStream) {
    fail(&chance)
    bytes = durable
  }

  func unlock() { holder = nil }

  /// The part of the changes that the disk was faster to write than the power to go.
  private static func rest(of changes: [Change], _ chance: inout RandomStream) -> [Change] {
    guard !changes.isEmpty else { return [] }
    switch Int.random(in: 0..<5, using: &chance) {
    case 0: return []
    case 1: return changes
    case 2:
      // The first ones, and of the last of them its beginning.
      var first = Array(changes.prefix(Int.random(in: 0...changes.count, using: &chance)))
      if case .bytes(let bytes, let offset)? = first.popLast() {
        let count = Int.random(in: 0...bytes.count, using: &chance)
        first.append(.bytes(Array(bytes.prefix(count)), at: offset))
      }
      return first
    default: return sectors(of: changes).filter { _ in Bool.random(using: &chance) }
    }
  }

  /// The changes, sector by sector.
  private static func sectors(of changes: [Change]) -> [Change] {
    changes.flatMap { change -> [Change] in
      guard case .bytes(let bytes, let offset) = change else { return [change] }
      var parts: [Change] = []
      var start = offset
      let end = offset + bytes.count
      while start < end {
        let next = min(end, (start / sector + 1) * sector)
        parts.append(.bytes(Array(bytes[start - offset..<next - offset]), at: start))
        start = next
      }
      return parts
    }
  }

  private static func apply(_ change: Change, to bytes: inout [UInt8]) {
    func grow(to size: Int) {
      if bytes.count < size { bytes += repeatElement(0, count: size - bytes.count) }
    }
    switch change {
    case .truncation(let size):
      grow(to: size)
      bytes.removeLast(bytes.count - size)
    case .bytes(let new, let offset):
      grow(to: offset + new.count)
      bytes.replaceSubrange(offset..<offset + new.count, with: new)
    }
  }
}

/// The names in a folder, as they are listed and as they are on the disk.
final class DiskFolder: DiskNode {
  /// Names that are given, or taken away, together.
  typealias Change = [String: (any DiskNode)?]

  /// The names that are listed.
  private(set) var entries: [String: any DiskNode] = [:]
  /// The names that stay when the power goes.
  private var durable: [String: any DiskNode] = [:]
  private var pending: [Change] = []

  func change(_ change: Change) {
    Self.apply(change, to: &entries)
    pending.append(change)
  }

  /// All changes reach the disk.
  func sync() {
    for change in pending { Self.apply(change, to: &durable) }
    pending = []
  }

  /// A sync fails: of the changes some reach the disk, and the others never will.
  func fail(_ chance: inout RandomStream) {
    let kind = pending.isEmpty ? 0 : Int.random(in: 0..<4, using: &chance)
    for change in pending where kind == 1 || kind > 1 && Bool.random(using: &chance) {
      Self.apply(change, to: &durable)
    }
    pending = []
  }

  func losePower(_ chance: inout RandomStream) {
    fail(&chance)
    entries = durable
    // In an order that is always the same, as all draw from one stream.
    for name in entries.keys.sorted() { entries[name]?.losePower(&chance) }
  }

  func unlock() {
    for node in entries.values { node.unlock() }
  }

  private static func apply(_ change: Change, to entries: inout [String: any DiskNode]) {
    for (name, node) in change { entries[name] = node }
  }
}
