import Foundation
import Glibc
import Runtime
import TestSupport
import Testing

/// What a worker gives back to the system before it trains.
struct ResidentMemoryTests {
  /// A mapping as /proc/self/smaps tells of it.
  private static func mapping(
    _ addresses: String, _ access: String, _ file: String, anonymous: Int = 0, swapped: Int = 0
  ) -> String {
    """
    \(addresses) \(access) 00002000 fe:00 253911                     \(file)
    Size:                  8 kB
    Rss:                   8 kB
    Anonymous:             \(anonymous) kB
    AnonHugePages:         0 kB
    Swap:                  \(swapped) kB
    SwapPss:               0 kB
    VmFlags: rd mr mw me

    """
  }

  @Test func `only what is in a file as it is here is given back`() {
    let text =
      Self.mapping("1000-2000", "r-xp", "/usr/bin/program")
      + Self.mapping("2000-3000", "r--p", "/usr/lib/a library.so")
      // The dynamic linker wrote to it before it became read-only.
      + Self.mapping("3000-4000", "r--p", "/usr/lib/library.so", anonymous: 4)
      + Self.mapping("4000-5000", "r--p", "/usr/lib/library.so", swapped: 12)
      + Self.mapping("5000-6000", "rw-p", "/usr/lib/library.so")
      + Self.mapping("6000-7000", "r--s", "/usr/lib/locale")
      + Self.mapping("7000-8000", "r-xp", "[vdso]")
      + Self.mapping("8000-9000", "rwxp", "")
      + Self.mapping("7f00000a0000-7f00000b0000", "r-xp", "/usr/lib/library.so")
    let mappings = FileMapping.unchanged(in: Array(text.utf8))
    #expect(
      mappings.map(\.addresses) == [
        0x1000..<0x2000, 0x2000..<0x3000, 0x7f00_000a_0000..<0x7f00_000b_0000,
      ])
    #expect(FileMapping.unchanged(in: []).isEmpty)
    #expect(FileMapping.unchanged(in: Array("1000-2000\n\nSwap:\n".utf8)).isEmpty)
  }

  /// What the dynamic linker wrote would be lost with the pages, and the process with it.
  @Test func `of a text that breaks off nothing is given back but what it tells whole`() {
    let whole = Array(Self.mapping("1000-2000", "r-xp", "/usr/bin/program").utf8)
    let changed = Array(
      Self.mapping("2000-3000", "r--p", "/usr/lib/library.so", anonymous: 4).utf8)
    let last = Array("Swap:                  0 kB".utf8)
    for end in 0...whole.count + changed.count {
      let mappings = FileMapping.unchanged(in: Array((whole + changed).prefix(end)))
      #expect(mappings.count <= 1 && mappings.allSatisfy { $0.addresses == 0x1000..<0x2000 })
    }
    for end in 0..<whole.count {
      let text = whole.prefix(end)
      let isTold = text.indices.contains { text[$0...].starts(with: last) }
      #expect(FileMapping.unchanged(in: Array(text)).isEmpty == !isTold, "\(end)")
    }
  }

  @Test func `a file's pages are gone until they are read again`() throws {
    let folder = try Folder()
    let path = folder.path("file")
    let bytes = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 / 4096) }
    try Data(bytes).write(to: URL(filePath: path))
    let descriptor = open(path, O_RDONLY)
    defer { close(descriptor) }
    let address = mmap(nil, bytes.count, PROT_READ, MAP_PRIVATE, descriptor, 0)
    let start = try #require(address != MAP_FAILED ? address : nil)
    defer { munmap(start, bytes.count) }
    let mapped = UnsafeRawBufferPointer(start: start, count: bytes.count)
    func resident() throws -> Int {
      // Read piece by piece: of a file of the kernel's, Foundation reads at once but a part.
      let file = try #require(FileHandle(forReadingAtPath: "/proc/self/smaps"))
      let text = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
      let block = try #require(text.range(of: path))
      let line = try #require(text[block.upperBound...].range(of: "\nRss:"))
      return try #require(Int(text[line.upperBound...].split(separator: " ")[0]))
    }
    #expect(mapped.elementsEqual(bytes))
    #expect(try resident() == 1024)
    ResidentMemory.giveBack()
    #expect(try resident() == 0)
    #expect(mapped.elementsEqual(bytes))
  }
}
