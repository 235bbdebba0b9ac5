import Glibc

/// The memory of this process that is resident, as far as nobody needs it for now.
package enum ResidentMemory {
  /// Gives back to the system what allocations have left unused, and what was read so far of the
  /// program and its libraries.
  ///
  /// What is needed again is mapped again, at the cost of a page fault: the start of a process, the
  /// reading of samples and the compiling of a network touch tens of megabytes that no training
  /// does. Only mappings of files are given back that nobody writes to and no page of which was
  /// changed; a process that is traced may have breakpoints in them.
  package static func giveBack() {
    if !isTraced {
      for mapping in FileMapping.unchanged(in: contents(of: "/proc/self/smaps")) {
        guard let start = unsafe UnsafeMutableRawPointer(bitPattern: mapping.addresses.lowerBound)
        else { continue }
        // SAFETY: the pages are a file's as they are there, mapped without write access: what is
        // read from them next is the same. A mapping that is gone by now is refused.
        _ = unsafe madvise(start, mapping.addresses.count, MADV_DONTNEED)
      }
    }
    trim()
  }

  /// Gives back what allocations have left unused, where the C library can (malloc_trim(3)).
  package static func trim() {
    typealias Trim = @convention(c) (Int) -> CInt
    // SAFETY: the function of that name takes the bytes to keep and returns a number.
    guard let function = unsafe dlsym(nil, "malloc_trim") else { return }
    _ = unsafe unsafeBitCast(function, to: Trim.self)(0)
  }

  /// True if a debugger follows this process.
  private static var isTraced: Bool {
    let key = Array("TracerPid:".utf8)
    let line = contents(of: "/proc/self/status").split(separator: UInt8(ascii: "\n"))
      .first { $0.starts(with: key) }
    let digits = UInt8(ascii: "1")...UInt8(ascii: "9")
    return line?.contains(where: digits.contains) ?? true
  }

  /// The bytes of a file of the kernel's; none where it can't be read.
  ///
  /// Foundation reads files as well, but its code would be mapped by that.
  private static func contents(of path: String) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var (bytes, piece) = ([UInt8](), [UInt8](repeating: 0, count: 1 << 16))
    while true {
      let count = unsafe piece.withUnsafeMutableBytes {
        unsafe read(descriptor, $0.baseAddress, $0.count)
      }
      guard count > 0 else { return bytes }
      bytes += piece.prefix(count)
    }
  }
}

/// A part of a file that is mapped into this process.
package struct FileMapping: Hashable, Sendable {
  /// The addresses that it takes.
  package var addresses: Range<UInt>

  /// The private mappings without write access of whose pages none differs from its file, by the
  /// text of /proc/self/smaps (proc(5)).
  package static func unchanged(in smaps: [UInt8]) -> [FileMapping] {
    let (anonymous, swapped) = (Array("Anonymous:".utf8), Array("Swap:".utf8))
    let none = [Array("0".utf8)[...], Array("kB".utf8)[...]]
    var mappings: [FileMapping] = []
    // One whose lines aren't all here may have been changed.
    var (read, isUnchanged): (FileMapping?, Bool) = (nil, false)
    for line in smaps.split(separator: UInt8(ascii: "\n")) {
      let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
      guard let first = fields.first else { continue }
      let isNone = fields.dropFirst().elementsEqual(none, by: ==)
      if first.last != UInt8(ascii: ":") {
        (read, isUnchanged) = (FileMapping(fields), false)
      } else if first == anonymous[...] {
        // Pages that were changed once, as by the dynamic linker, are nowhere but here.
        isUnchanged = isNone
      } else if first == swapped[...], isUnchanged, isNone, let mapping = read {
        mappings.append(mapping)
      }
    }
    return mappings
  }

  /// A mapping by the fields of its line; nil where it is no file, is shared, or may be written.
  private init?(_ fields: [ArraySlice<UInt8>]) {
    guard fields.count == 6, [Array("r-xp".utf8), Array("r--p".utf8)].contains(Array(fields[1])),
      fields[5].drop(while: { $0 == UInt8(ascii: " ") }).first == UInt8(ascii: "/")
    else { return nil }
    let ends = fields[0].split(separator: UInt8(ascii: "-")).compactMap {
      UInt(String(decoding: $0, as: UTF8.self), radix: 16)
    }
    guard ends.count == 2, ends[0] < ends[1] else { return nil }
    addresses = ends[0]..<ends[1]
  }
}
