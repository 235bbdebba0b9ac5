import Foundation
import TestSupport
import Testing

/// Runs that nobody watches any more, and runs that lie where nobody can write.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct StreamTests {
  private let folder: Folder
  private let topology: String

  init() throws {
    folder = try Folder()
    topology = try folder.write(TinyRun.topology(rounds: "[1, 1, 1]"), to: "tiny.yaml")
  }

  @Test(arguments: ["virtual", "real"])
  func `a run goes on when the reader of its progress is gone`(clock: String) throws {
    let run = folder.path("run")
    let broken =
      "\"$0\" \"$@\" 2>&1 >/dev/null | head -c 1 >/dev/null; exit ${PIPESTATUS[0]}"
    let command = try Command(
      ["simulate", topology, "--out", run, "--clock", clock], within: ["bash", "-c", broken])
    #expect(command.status() == 0)
    let report = try Command(["report", run, "--format", "json"])
    #expect(report.status() == 0, "\(report.standardError)")
    #expect(try SmallRun.summary(report.standardOutput).rounds.count == 3)
  }

  @Test func `words for people don't end up in a run's files where a stream is closed`() throws {
    var models: [Data] = []
    for redirection in ["2>/dev/null", "0<&- 1>&- 2>&-"] {
      let run = folder.path("run\(models.count)")
      let closed = "exec \"$0\" \"$@\" \(redirection)"
      let command = try Command(
        ["simulate", topology, "--out", run, "--clock", "real"], within: ["bash", "-c", closed])
      _ = command.status()
      models.append(try Data(contentsOf: URL(filePath: "\(run)/model.safetensors")))
      let log = try String(contentsOfFile: "\(run)/log.jsonl", encoding: .utf8)
      #expect(log.split(separator: "\n").allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") })
    }
    #expect(models[0] == models[1])
  }

  @Test(.enabled(if: getuid() == 0, "only root can mount"), arguments: [1, 2])
  func `a run that was killed is reported also where nothing can be written`(
    round: Int
  ) throws {
    let run = folder.path("run")
    let killed = try Command(
      ["simulate", topology, "--out", run, "--clock", "real", "--quiet"],
      environment: ["PROGFED_KILL_AT": "ledger-committed:\(round)"])
    #expect(killed.status() != 0)
    #expect(FileManager.default.fileExists(atPath: "\(run)/run.sqlite-wal"))
    let mounted = """
      mount --bind \(run) \(run) && mount -o remount,ro,bind \(run) || exit 77
      touch \(run)/x 2>/dev/null && exit 78
      exec "$0" "$@"
      """
    let report = try Command(
      ["report", run, "--format", "json"], within: ["unshare", "-m", "sh", "-c", mounted])
    #expect(report.status() == 0, "\(report.standardError)")
    #expect(try SmallRun.summary(report.standardOutput).rounds.count == round)
  }
}
