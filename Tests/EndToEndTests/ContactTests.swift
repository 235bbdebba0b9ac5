import Foundation
import Glibc
import TestSupport
import Testing

/// Workers whose broker isn't where they were told, or can't be heard.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct ContactTests {
  private let folder: Folder
  private let topology: String

  init() throws {
    folder = try Folder()
    topology = try folder.write(TinyRun.topology(), to: "tiny.yaml")
  }

  private func worker(
    _ endpoint: String, within wrapper: [String] = [], _ options: [String] = []
  ) throws -> Command {
    try Command(
      ["worker", topology, "--connect", endpoint, "--clients", "0-3", "--threads", "1"] + options,
      within: wrapper)
  }

  /// What a worker says of an address, and again later.
  private func expect(_ text: String, of endpoint: String) throws {
    let worker = try worker(endpoint)
    #expect(worker.says(text), "\(worker.standardError)")
    #expect(worker.says("trying again"), "\(worker.standardError)")
    #expect(worker.says(text, times: 2), "\(worker.standardError)")
    worker.send(SIGTERM)
    #expect(worker.status(within: 60) == 130, "\(worker.standardError)")
  }

  @Test func `a name that doesn't resolve is said so, again and again`() throws {
    try expect(
      "the name no-such-host.invalid doesn't resolve", of: "tcp://no-such-host.invalid:5701")
  }

  @Test func `closed ports are said so, by their numbers`() throws {
    let port = try freePorts()
    try expect(
      "connection refused: nobody listens at ports \(port), \(port + 1) and \(port + 2)",
      of: "tcp://localhost:\(port)")
  }

  @Test func `a socket of ipc that isn't there is said so`() throws {
    let path = folder.path("none")
    try expect("nobody listens at ipc://\(path).control", of: "ipc://\(path)")
  }

  @Test func `a broker that is stopped doesn't answer, and that is said`() throws {
    let port = try freePorts()
    let broker = try Command([
      "broker", topology, "--bind", "tcp://127.0.0.1:\(port)", "--out", folder.path("run"),
    ])
    #expect(broker.says("listening"), "\(broker.standardError)")
    broker.send(SIGSTOP)
    defer { broker.send(SIGKILL) }
    try expect("the broker doesn't answer", of: "tcp://127.0.0.1:\(port)")
  }

  @Test func `an address of which one port alone is closed says which`() throws {
    let port = try freePorts()
    let broker = try Command([
      "broker", topology, "--bind", "tcp://127.0.0.1:\(port)", "--out", folder.path("run"),
    ])
    #expect(broker.says("listening"), "\(broker.standardError)")
    // The second of the broker's ports: one more than it has.
    let worker = try worker("tcp://127.0.0.1:\(port + 1)")
    #expect(
      worker.says("nobody listens at port \(port + 3);"), "\(worker.standardError)")
  }

  @Test func `a worker that doesn't encrypt learns that it has to, from who hangs up at once, too`()
    throws
  {
    let port = try freePorts()
    let broker = try ImpatientListener(on: port, count: 3)
    let worker = try worker("tcp://127.0.0.1:\(port)")
    #expect(worker.status(within: 60) == 69, "\(worker.standardError)")
    #expect(worker.standardError.contains("give --keys and --broker-key"))
    #expect(broker.count > 0, "it never hung up")
  }

  @Test func `a worker that no broker answers names all three ports when it gives up`() throws {
    let port = try freePorts()
    let worker = try worker("tcp://127.0.0.1:\(port)", ["--patience", "3"])
    #expect(worker.status(within: 60) == 69)
    #expect(
      worker.standardError.contains(
        "no word from tcp://127.0.0.1, ports \(port), \(port + 1) and \(port + 2) for 3 s"),
      "\(worker.standardError)")
  }

  @Test func `a broker binds to the name of this machine's loopback, and workers find it there`()
    throws
  {
    let endpoint = "tcp://localhost:\(try freePorts())"
    let broker = try Command(["broker", topology, "--bind", endpoint, "--out", folder.path("run")])
    #expect(broker.says("listening on tcp://127.0.0.1:"), "\(broker.standardError)")
    let worker = try worker(endpoint)
    #expect(broker.status() == 0, "\(broker.standardError)")
    #expect(worker.status() == 0, "\(worker.standardError)")
  }

  @Test func `a name that nothing can be bound to is refused, and nothing is left behind`() throws {
    let broker = try Command([
      "broker", topology, "--bind", "tcp://no-such-host.invalid:5701", "--out", folder.path("run"),
    ])
    #expect(broker.status(within: 30) == 69)
    #expect(broker.standardError.contains("no-such-host.invalid doesn't resolve"))
    #expect(!FileManager.default.fileExists(atPath: folder.path("run")))
  }

  /// Runs a command where the name six.test stands for ::1 alone.
  private static func sixWrapper(_ hosts: String) -> [String] {
    ["unshare", "-m", "sh", "-c", "mount --bind \(hosts) /etc/hosts && exec \"$0\" \"$@\""]
  }

  private static let namesCanBeMade: Bool = {
    guard let folder = try? Folder(),
      let hosts = try? folder.write("127.0.0.1 localhost\n::1 six.test\n", to: "hosts")
    else { return false }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = sixWrapper(hosts) + ["getent", "ahosts", "six.test"]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    let interfaces = (try? String(contentsOfFile: "/proc/net/if_inet6", encoding: .utf8)) ?? ""
    return process.terminationStatus == 0 && interfaces.contains(" lo")
  }()

  @Test(.enabled(if: Self.namesCanBeMade, "no names of one's own, or no IPv6"))
  func `a name of IPv6 alone is bound to and connected to`() throws {
    let hosts = try folder.write("127.0.0.1 localhost\n::1 six.test\n", to: "hosts")
    let endpoint = "tcp://six.test:\(try freePorts())"
    let broker = try Command(
      ["broker", topology, "--bind", endpoint, "--out", folder.path("run")],
      within: Self.sixWrapper(hosts))
    #expect(broker.says("listening on tcp://[::1]:"), "\(broker.standardError)")
    let worker = try worker(endpoint, within: Self.sixWrapper(hosts))
    #expect(broker.status() == 0, "\(broker.standardError)")
    #expect(worker.status() == 0, "\(worker.standardError)")
  }
}
