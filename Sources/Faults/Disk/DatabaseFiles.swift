import CSQLiteDisk
import Ledger
import Synchronization

/// SQLite's files on a ``SimulatedDisk``, for the real ledger: SQLite's own code writes to them
/// through a file system (VFS) that does what its one for Linux does, call by call.
///
/// Locks and shared memory are in the process. Reads may fail; those of these files bring no
/// flipped bits, as SQLite doesn't promise to notice them.
@safe final class DatabaseFiles {
  /// The name by which SQLite opens a file there.
  let name: String
  private let registered: OpaquePointer

  private static let number = Atomic(0)

  /// The files of a disk, which must live as long as these.
  init?(on disk: SimulatedDisk, neglect: DiskNeglect?) {
    let number = Self.number.add(1, ordering: .relaxed).newValue
    name = "progfed-\(number)"
    let withheld =
      switch neglect {
      case .commits: PROGFED_WITHHELD_FULL
      case .log: PROGFED_WITHHELD_WAL
      case .files, .folders, .order, nil: PROGFED_WITHHELD_NONE
      }
    // SAFETY: the disk owns this value, and is kept by each of its files while that is open, so
    // that it outlives all calls. Names are copied.
    var operations = unsafe progfed_disk_operations(
      disk: Unmanaged.passUnretained(disk).toOpaque(), open: Self.open, close: Self.close,
      read: Self.read, write: Self.write, truncate: Self.truncate, sync: Self.sync,
      size: Self.size, unlink: Self.unlink, sync_names: Self.syncNames, size_at: Self.sizeAt)
    guard let registered = unsafe progfed_sqlite_disk_register(name, &operations, withheld) else {
      return nil
    }
    unsafe self.registered = registered
  }

  deinit {
    // SAFETY: it was registered, and all files are closed: an open one would keep the disk.
    unsafe progfed_sqlite_disk_unregister(registered)
  }

  /// The process is another one: nobody holds a lock any more.
  func restart() {
    // SAFETY: it is registered.
    unsafe progfed_sqlite_disk_restart(registered)
  }
}

// SAFETY, of all that follows: SQLite passes the disk that was registered, files that `open`
// returned and `close` didn't take back, terminated strings, and buffers of the given size.
extension DatabaseFiles {
  private typealias Pointer = UnsafeMutableRawPointer

  private static func disk(_ pointer: Pointer) -> SimulatedDisk {
    unsafe Unmanaged.fromOpaque(pointer).takeUnretainedValue()
  }

  private static func file(_ pointer: Pointer) -> OpenDiskFile {
    unsafe Unmanaged.fromOpaque(pointer).takeUnretainedValue()
  }

  /// Zero for work that is done, and -1 for what fails.
  private static func status(_ work: () throws -> Void) -> CInt {
    do { try work() } catch { return -1 }
    return 0
  }

  private static let open: @convention(c) (Pointer, UnsafePointer<CChar>, Bool) -> Pointer? = {
    pointer, path, makes in
    let path = unsafe String(cString: path)
    let disk = unsafe disk(pointer)
    guard let file = try? disk.openFile(path, for: makes ? .keeping : .changing, mode: 0o644)
    else { return nil }
    return unsafe Unmanaged.passRetained(file).toOpaque()
  }

  private static let close: @convention(c) (Pointer) -> Void = { pointer in
    unsafe Unmanaged<OpenDiskFile>.fromOpaque(pointer).release()
  }

  private static let read:
    @convention(c) (Pointer, UnsafeMutablePointer<UInt8>, Int64, Int64) -> Int64 = {
      pointer, target, count, offset in
      guard let bytes = try? unsafe file(pointer).readExactly(Int(count), at: Int(offset)) else {
        return -1
      }
      unsafe bytes.withUnsafeBufferPointer { bytes in
        guard let source = bytes.baseAddress else { return }
        unsafe target.update(from: source, count: bytes.count)
      }
      return Int64(bytes.count)
    }

  private static let write: @convention(c) (Pointer, UnsafePointer<UInt8>, Int64, Int64) -> CInt = {
    pointer, source, count, offset in
    let bytes = unsafe Array(UnsafeBufferPointer(start: source, count: Int(count)))
    let file = unsafe file(pointer)
    return status {
      try file.seek(to: Int(offset))
      try file.write(bytes)
    }
  }

  private static let truncate: @convention(c) (Pointer, Int64) -> CInt = { pointer, size in
    let file = unsafe file(pointer)
    return status { try file.truncate(to: Int(size)) }
  }

  private static let sync: @convention(c) (Pointer) -> CInt = { pointer in
    let file = unsafe file(pointer)
    return status { try file.sync() }
  }

  private static let size: @convention(c) (Pointer) -> Int64 = { pointer in
    (try? unsafe file(pointer).size()).map { Int64($0) } ?? -1
  }

  private static let unlink: @convention(c) (Pointer, UnsafePointer<CChar>) -> CInt = {
    pointer, path in
    let (disk, path) = unsafe (disk(pointer), String(cString: path))
    do throws(LedgerError) { try disk.unlink(path) } catch {
      if case .absent = error { return 1 }
      return -1
    }
    return 0
  }

  private static let syncNames: @convention(c) (Pointer, UnsafePointer<CChar>) -> CInt = {
    pointer, path in
    let (disk, path) = unsafe (disk(pointer), String(cString: path))
    return status { try disk.syncNames(besides: path) }
  }

  private static let sizeAt: @convention(c) (Pointer, UnsafePointer<CChar>) -> Int64 = {
    pointer, path in
    let (disk, path) = unsafe (disk(pointer), String(cString: path))
    return disk.size(of: path).map { Int64($0) } ?? -1
  }
}
