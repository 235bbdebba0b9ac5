import Foundation
import Glibc

/// The memory of this process that is resident, as far as nobody needs it for now.
package enum ResidentMemory {
  /// Gives back to the system what allocations have left unused, and the code that was read from
  /// the program and its libraries so far.
  ///
  /// Code that is needed again is mapped again, at the cost of a page fault: the start of a process
  /// and the reading of samples touch tens of megabytes that no training does. Only code is given
  /// back, which nobody writes to; a process that is traced may have breakpoints in it.
  package static func giveBack() {
    trim()
    guard !isTraced, let maps = try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8)
    else { return }
    for line in maps.split(separator: "\n") {
      let fields = line.split(separator: " ", maxSplits: 5)
      guard fields.count == 6, fields[1] == "r-xp",
        fields[5].drop(while: { $0 == " " }).first == "/"
      else { continue }
      let ends = fields[0].split(separator: "-").compactMap { UInt(String($0), radix: 16) }
      guard ends.count == 2, let start = unsafe UnsafeMutableRawPointer(bitPattern: ends[0])
      else { continue }
      // SAFETY: the pages are a file's, mapped without write access: what is read from them next is
      // the same. A mapping that is gone by now is refused.
      _ = unsafe madvise(start, Int(ends[1] - ends[0]), MADV_DONTNEED)
    }
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
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("TracerPid:") }
    return line?.contains(where: { ("1"..."9").contains($0) }) ?? true
  }
}
