import Testing
import Reports
import Ledger
import Foundation
@Test func dumpPages() throws {
  let p = try Example.store(rounds: 30, clients: 50) {
    HTMLReport(try $0.summary(), clients: try $0.clients()).text()
  }
  try p.write(toFile: "/tmp/h-ledger/report.html", atomically: true, encoding: .utf8)
  let runs = [
    try Example.summary(rounds: 12, evaluation: 1, name: "progfed"),
    try Example.summary(rounds: 20, evaluation: 1, name: "dense", scale: 2),
    try Example.summary(rounds: 8, evaluation: 1, name: "short one"),
  ]
  try Comparison(runs).html().write(
    toFile: "/tmp/h-ledger/compare.html", atomically: true, encoding: .utf8)
  print(Comparison(runs).text(width: 80)); print(Comparison(runs).text(width: 120))
  try Data(EventFile.bytes(runs[0], start: 1_700_000_000)).write(
    to: URL(filePath: "/tmp/h-ledger/events.out.tfevents.1.x"))
}
