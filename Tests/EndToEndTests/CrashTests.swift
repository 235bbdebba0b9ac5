import Foundation
import TestSupport
import Testing

/// What people see of a bug of ours.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct CrashTests {
  @Test(arguments: ["virtual", "real"])
  func `a failed precondition ends at once with 70, what happened, the version and where to report`(
    clock: String
  ) throws {
    let folder = try Folder()
    let topology = try folder.write(TinyRun.topology(), to: "tiny.yaml")
    let run = folder.path("run")
    let crashed = try Command(
      ["simulate", topology, "--clock", clock, "--out", run],
      environment: ["PROGFED_TRAP_AT": "round-closed:2"])
    #expect(crashed.says("round 1/4"), "\(crashed.standardError)")
    #expect(crashed.status(within: 6) == 70, "\(crashed.standardError)")
    for text in [
      "a bug of ours: a precondition failed", "progfed 0.", "please report it", "\n  in ",
    ] {
      #expect(crashed.standardError.contains(text), "\(text): \(crashed.standardError)")
    }
    let resumed = try Command(["simulate", "--resume", run])
    #expect(resumed.status() == 0, "\(resumed.standardError)")
  }

  @Test(arguments: [SIGSEGV, SIGBUS, SIGABRT])
  func `so does misused memory, and a library that gives up`(signal: CInt) throws {
    let folder = try Folder()
    let topology = try folder.write(TinyRun.topology(), to: "tiny.yaml")
    let broker = try Command([
      "broker", topology, "--bind", "ipc://\(folder.path("socket"))", "--out", folder.path("run"),
    ])
    #expect(broker.says("listening"), "\(broker.standardError)")
    broker.send(signal)
    #expect(broker.status(within: 6) == 70, "\(broker.standardError)")
    #expect(broker.standardError.contains("a bug of ours: "), "\(broker.standardError)")
  }
}
