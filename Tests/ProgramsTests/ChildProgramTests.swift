import Glibc
import Programs
import TestSupport
import Testing

/// Programs that are spoken with, and programs that don't answer.
@Suite(.serialized, .longRunning, .timeLimit(.minutes(2))) struct ChildProgramTests {
  private func start(_ script: String, memory: Int? = nil) throws -> ChildProgram {
    var launch = ChildProgram.Launch(["/bin/sh", "-c", script])
    launch.memory = memory
    return try ChildProgram(launch)
  }

  private var soon: ContinuousClock.Instant { .now + .seconds(20) }

  @Test func answersLineByLine() throws {
    let program = try start("while read -r line; do echo \"got $line\"; done")
    for word in ["one", "two"] {
      try program.send(Array(word.utf8), until: soon)
      let line = try program.receive(until: soon)
      #expect(line.map { String(decoding: $0, as: UTF8.self) } == "got \(word)")
    }
    program.end(within: .seconds(5))
  }

  @Test func tellsHowItEnded() throws {
    let program = try start("echo last words >&2; exit 3")
    let error = #expect(throws: ChildProgramError.self) { try program.receive(until: soon) }
    #expect(error == .ended("status 3"))
    #expect(program.lastWords() == ["last words"])
  }

  @Test func hasNothingWhereNothingIsSaid() throws {
    let program = try start("sleep 60")
    let begin = ContinuousClock.now
    #expect(try program.receive(until: begin + .milliseconds(50)) == nil)
    program.end(within: .zero)
    #expect(ContinuousClock.now - begin < .seconds(20))
  }

  @Test func endsWhatItsProgramStarted() throws {
    let program = try start("sleep 60 & echo $!; wait")
    let line = try #require(try program.receive(until: soon))
    let number = try #require(Int32(String(decoding: line, as: UTF8.self)))
    program.end(within: .zero)
    let deadline = soon
    while kill(number, 0) == 0, ContinuousClock.now < deadline { usleep(10_000) }
    #expect(kill(number, 0) != 0)
  }

  @Test func keepsTheEndOfAFloodOfErrors() throws {
    let program = try start(
      "i=0; while [ $i -lt 20000 ]; do echo flood $i >&2; i=$((i+1)); done; echo done; read -r x")
    let line = try program.receive(until: soon)
    #expect(line == Array("done".utf8))
    #expect(program.lastWords(lines: 1) == ["flood 19999"])
  }

  @Test func refusesALineWithoutAnEnd() throws {
    let program = try start("exec cat /dev/zero")
    let error = #expect(throws: ChildProgramError.self) { try program.receive(until: soon) }
    #expect(error == .tooLong)
  }

  @Test func boundsMemory() throws {
    let program = try start("ulimit -v", memory: 64 << 20)
    #expect(try program.receive(until: soon) == Array("65536".utf8))
  }

  @Test func refusesAProgramThatIsNotThere() throws {
    let error = #expect(throws: ChildProgramError.self) {
      try ChildProgram(ChildProgram.Launch(["no-such-program-anywhere"]))
    }
    guard case .notStarted = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}
