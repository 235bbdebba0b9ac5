import Federation
import Foundation
import Glibc
import Ledger
import Runtime
import TestSupport
import Testing

/// The socket over which a run is controlled.
@Suite(.serialized, .timeLimit(.minutes(1))) struct ControlServerTests {
  private let folder: Folder

  init() throws { folder = try Folder() }

  private func paths(_ name: String = "run") throws -> RunPaths {
    let url = URL(fileURLWithPath: folder.path(name), isDirectory: true)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return RunPaths(url)
  }

  private func server(_ paths: RunPaths) throws -> ControlServer {
    let server = try ControlServer(at: paths.control, strangerCame: { _ in }) { request, peer in
      .done("\(request.word) of \(peer.user) in \(peer.process)")
    }
    server.start()
    return server
  }

  @Test func `a request is answered, and the kernel says whose it was`() throws {
    let paths = try paths()
    let server = try server(paths)
    defer { server.stop() }
    for _ in 0..<20 {
      #expect(
        try ControlClient.ask(.order(.pause), of: paths)
          == .done("pause of \(geteuid()) in \(getpid())"))
    }
  }

  @Test func `only the owner may use the socket`() throws {
    let paths = try paths()
    let server = try server(paths)
    defer { server.stop() }
    let attributes = try FileManager.default.attributesOfItem(
      atPath: paths.control.path(percentEncoded: false))
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(attributes[.type] as? FileAttributeType == .typeSocket)
  }

  @Test func `a path longer than a socket's address holds works all the same`() throws {
    let name = (0..<6).map { _ in String(repeating: "d", count: 40) }.joined(separator: "/")
    let paths = try paths(name)
    #expect(paths.control.path(percentEncoded: false).utf8.count > 200)
    let server = try server(paths)
    #expect(try ControlClient.ask(.stop, of: paths).ok)
    server.stop()
    #expect(throws: ControlError.self) { try ControlClient.ask(.stop, of: paths) }
  }

  @Test func `a socket that a killed broker left behind is no broker, and gives way to the next`()
    throws
  {
    let paths = try paths()
    let path = paths.control.path(percentEncoded: false)
    var place = sockaddr_un()
    place.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &place.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let old = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
    let status = withUnsafePointer(to: &place) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(old, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    #expect(status == 0, "\(path)")
    close(old)
    #expect(throws: ControlError.noBroker(paths.directory.path(percentEncoded: false))) {
      try ControlClient.ask(.stop, of: paths)
    }
    let server = try server(paths)
    #expect(try ControlClient.ask(.stop, of: paths).ok)
    server.stop()
    #expect(!FileManager.default.fileExists(atPath: path), "nothing is left behind")
  }

  @Test func `a file in the socket's place isn't touched`() throws {
    let paths = try paths()
    let path = paths.control.path(percentEncoded: false)
    try "mine".write(toFile: path, atomically: false, encoding: .utf8)
    #expect(throws: ControlError.occupied(path)) { _ = try server(paths) }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "mine")
  }

  @Test func `whoever says nothing, or too much, keeps nobody else waiting for long`() throws {
    let paths = try paths()
    let server = try server(paths)
    defer { server.stop() }
    let mute = try connection(to: paths)
    let talker = try connection(to: paths)
    let flood = [UInt8](repeating: 120, count: 1 << 20)
    _ = send(talker, flood, flood.count, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
    #expect(try ControlClient.ask(.stop, of: paths).ok)
    for descriptor in [mute, talker] { close(descriptor) }
  }

  private func connection(to paths: RunPaths) throws -> CInt {
    var place = sockaddr_un()
    place.sun_family = sa_family_t(AF_UNIX)
    let path = Array(paths.control.path(percentEncoded: false).utf8)
    withUnsafeMutableBytes(of: &place.sun_path) { $0.copyBytes(from: path) }
    let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
    let status = withUnsafePointer(to: &place) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(status == 0)
    return descriptor
  }

  @Test func `the excluded clients are kept in a file, and read again`() throws {
    let url = try paths().evictions
    #expect(try EvictionFile.read(url) == [])
    try EvictionFile.write([5, 1], to: url)
    #expect(try String(contentsOf: url, encoding: .utf8) == "1\n5\n")
    #expect(try EvictionFile.read(url) == [1, 5])
    try EvictionFile.write([], to: url)
    #expect(!FileManager.default.fileExists(atPath: url.path(percentEncoded: false)))
    try Data("1\nfive\n".utf8).write(to: url)
    let error = #expect(throws: ControlError.self) { try EvictionFile.read(url) }
    #expect(error?.description.contains("evicted:2") == true)
  }
}

struct ControlWordTests {
  @Test(arguments: [
    ("pause", ControlRequest.order(.pause)), ("resume", .order(.resume)),
    ("drain", .order(.drain)), ("stop", .stop), ("evict 7", .order(.evict(client: 7))),
    ("admit 3-5,9", .order(.readmit(clients: [3, 4, 5, 9]))),
    ("deadline 5m", .order(.deadline(.seconds(300)))),
    ("deadline 1h30min", .order(.deadline(.seconds(5400)))),
    ("deadline 250ms", .order(.deadline(.milliseconds(250)))),
    ("deadline 1.5s", .order(.deadline(.milliseconds(1500)))),
  ]) func `orders are read as people write them`(_ text: String, _ request: ControlRequest) throws {
    #expect(try ControlRequest(words: text.split(separator: " ").map(String.init)) == request)
  }

  @Test(arguments: [
    "", "dance", "pause now", "evict", "evict x", "evict 1 2", "evict -1", "deadline",
    "deadline 5", "deadline m", "deadline 5y", "deadline 400d", "deadline 1e5s", "admit",
    "admit site-1", "admit site-1 short 0-2", "stop 1",
  ]) func `others are refused with what to write`(_ text: String) {
    let error = #expect(throws: ControlFault.self) {
      try ControlRequest(words: text.split(separator: " ").map(String.init))
    }
    #expect(error?.description.isEmpty == false)
  }

  @Test func `a line of the allow-list is taken whole`() throws {
    let line = "site-1 rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7 0-2 samples=9"
    #expect(
      try ControlRequest(words: line.split(separator: " ").map { "\($0)" }.prefixed("admit"))
        == .admit(line: line))
  }
}

extension [String] {
  fileprivate func prefixed(_ word: String) -> [String] { [word] + self }
}
