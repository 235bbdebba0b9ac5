import Foundation
import Synchronization
import Tensors

/// A place for memories that goes with its process: one file, with a slot for each memory.
///
/// The file has no name once it is open, so that it is gone however the process ends.
final class ScratchMemory: MemoryPlace {
  private struct Slots {
    var taken: [MemoryMark: (number: Int, layouts: [ParameterLayout])] = [:]
    var free: [Int] = []
    var count = 0
  }

  private let descriptor: Int32
  private let capacity: Int
  private let slots = Mutex(Slots())

  /// An empty file with slots of `capacity` bytes.
  ///
  /// - Throws: `ClientStoreError` if it can't be made.
  init(capacity: Int, in directory: String) throws(ClientStoreError) {
    self.capacity = capacity
    var template = Array("\(directory)/progfed-clients-XXXXXX".utf8CString)
    // SAFETY: a terminated string that mkstemp and unlink read and write within the closure.
    let (made, code) = unsafe template.withUnsafeMutableBufferPointer { path -> (Int32, Int32) in
      guard let name = path.baseAddress else { return (-1, EINVAL) }
      let made = unsafe mkstemp(name)
      let code = errno
      if made >= 0 { unsafe unlink(name) }
      return (made, code)
    }
    guard made >= 0 else { throw .scratch(code: code, directory: directory) }
    descriptor = made
  }

  deinit { close(descriptor) }

  func keep(_ vectors: [ParameterVector], as mark: MemoryMark) throws(ClientStoreError) {
    let size = vectors.reduce(0) { $0 + 4 * $1.layout.count }
    precondition(size <= capacity, "\(size) bytes of memory in \(capacity)")
    remove(mark)
    let slot = slots.withLock { slots in
      slots.free.popLast() ?? { (slots.count, slots.count += 1).0 }()
    }
    var offset = slot * capacity
    for vector in vectors {
      // SAFETY: the bytes of the array, within the closure.
      let code = unsafe vector.scalars.withUnsafeBytes { bytes in
        transfer(bytes.count) { done in
          unsafe pwrite(
            descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done,
            off_t(offset + done))
        }
      }
      guard code == 0 else {
        slots.withLock { $0.free.append(slot) }
        throw .scratch(code: code, directory: nil)
      }
      offset += 4 * vector.layout.count
    }
    slots.withLock { $0.taken[mark] = (slot, vectors.map(\.layout)) }
  }

  func vectors(of mark: MemoryMark) throws(ClientStoreError) -> [ParameterVector]? {
    guard let (slot, layouts) = slots.withLock({ $0.taken[mark] }) else { return nil }
    var offset = slot * capacity
    var vectors: [ParameterVector] = []
    for layout in layouts {
      var scalars = [Float](repeating: 0, count: layout.count)
      // SAFETY: the bytes of the array, within the closure.
      let code = unsafe scalars.withUnsafeMutableBytes { bytes in
        transfer(bytes.count) { done in
          unsafe pread(
            descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done,
            off_t(offset + done))
        }
      }
      guard code == 0 else { throw .scratch(code: code, directory: nil) }
      offset += 4 * layout.count
      vectors.append(ParameterVector(layout: layout, scalars: scalars))
    }
    return vectors
  }

  func remove(_ mark: MemoryMark) {
    slots.withLock { slots in
      if let (slot, _) = slots.taken.removeValue(forKey: mark) { slots.free.append(slot) }
    }
  }

  /// Repeats a system call until `count` bytes are through; the code of what went wrong, 0 for
  /// nothing.
  private func transfer(_ count: Int, _ call: (_ done: Int) -> Int) -> Int32 {
    var done = 0
    while done < count {
      let step = call(done)
      if step > 0 {
        done += step
      } else if step == 0 {
        return EIO
      } else if errno != EINTR {
        return errno
      }
    }
    return 0
  }

  /// The system's words for a code.
  static func reason(_ code: Int32) -> String {
    // SAFETY: strerror's text is copied at once.
    unsafe String(cString: strerror(code))
  }
}
