import Foundation
import TestSupport
import Testing

/// Runs whose start fails leave nothing that the next try is refused for.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct StartTests {
  private let folder: Folder
  private let topology: String

  init() throws {
    folder = try Folder()
    topology = try folder.write(TinyRun.topology(), to: "tiny.yaml")
  }

  private var isLeft: Bool { FileManager.default.fileExists(atPath: folder.path("run")) }

  @Test func `a broker whose port is taken makes nothing, and begins once it is free`() throws {
    let port = try freePorts()
    let bind = ["--bind", "tcp://127.0.0.1:\(port)"]
    // The last of its three ports.
    let other = try Command([
      "broker", topology, "--bind", "tcp://127.0.0.1:\(port + 2)", "--out", folder.path("other"),
    ])
    #expect(other.says("listening"), "\(other.standardError)")
    let refused = try Command(["broker", topology, "--out", folder.path("run")] + bind)
    #expect(refused.status(within: 30) == 69)
    #expect(refused.standardError.contains("tcp://127.0.0.1:\(port + 2)"))
    #expect(!isLeft)
    other.send(SIGINT)
    #expect(other.status(within: 20) == 130)
    let again = try Command(["broker", topology, "--out", folder.path("run")] + bind)
    #expect(again.says("listening"), "\(again.standardError)")
    again.send(SIGINT)
    #expect(again.status(within: 20) == 130)
  }

  @Test(arguments: ["virtual", "real"])
  func `a simulation whose page can't be served makes nothing`(clock: String) throws {
    let port = try freePorts()
    let other = try Command([
      "broker", topology, "--bind", "tcp://127.0.0.1:\(port)", "--out", folder.path("other"),
    ])
    #expect(other.says("listening"), "\(other.standardError)")
    let refused = try Command([
      "simulate", topology, "--clock", clock, "--out", folder.path("run"), "--serve",
      "127.0.0.1:\(port)",
    ])
    #expect(refused.status(within: 30) == 69, "\(refused.standardError)")
    #expect(!isLeft)
    other.send(SIGINT)
    #expect(other.status(within: 20) == 130)
  }

  @Test(arguments: ["virtual", "real"])
  func `data that can't be dealt out makes nothing`(clock: String) throws {
    let refused = try Command([
      "simulate", topology, "--clock", clock, "--out", folder.path("run"), "--set",
      "data.partition={shards: 1000}",
    ])
    #expect(refused.status(within: 30) == 65, "\(refused.standardError)")
    #expect(!isLeft)
  }

  @Test func `links that can't be played make nothing`() throws {
    let refused = try Command([
      "simulate", topology, "--transport", "tcp", "--out", folder.path("run"), "--set",
      "links.lan={down: 1 Gbit/s, up: {rate: 1 Gbit/s, queue: 1 MiB}}", "--set",
      "groups={all: {link: lan}}",
    ])
    #expect(refused.status(within: 30) == 65, "\(refused.standardError)")
    #expect(refused.standardError.contains("has a queue"), "\(refused.standardError)")
    #expect(!isLeft)
  }

  @Test func `a worker's memory that has no room makes nothing`() throws {
    let refused = try Command(
      [
        "simulate", topology, "--out", folder.path("run"), "--set", "codecs.errorFeedback=true",
        "--set", "codecs.up=stc5",
      ], environment: ["TMPDIR": folder.path("no-such-folder")])
    #expect(refused.status(within: 30) != 0, "\(refused.standardError)")
    #expect(refused.standardError.contains("TMPDIR"), "\(refused.standardError)")
    #expect(!isLeft)
  }
}
