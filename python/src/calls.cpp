#include "calls.hpp"

#include <faceoff/error.hpp>

#include <pybind11/numpy.h>

#include <csignal>
#include <cstring>
#include <iostream>
#include <sstream>
#include <streambuf>
#include <utility>

#include "caller.hpp"
#include "cli/process.hpp"
#include "cli/program.hpp"
#include "cli/progress.hpp"
#include "picture/picture.hpp"
#include "plugins/black_box.hpp"
#include "run/item.hpp"
#include "run/run_items.hpp"

namespace faceoff::python {

namespace {

/// Tells Python something in the middle of a call; what is raised there ends the call.
template <class Work>
void tell(const Work& work) {
  const py::gil_scoped_acquire held;
  try {
    work();
  } catch (const py::error_already_set& error) {
    PythonCaller::here().leave(error);
  }
}

/// A command's progress.
class Listener : public ProgressListener {
 public:
  explicit Listener(const py::object& told) : told_(told) { ProgressListener::be(this); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() override { ProgressListener::be(nullptr); }

  void begin(std::int64_t items) override {
    tell([&] { told_.attr("begin")(items, 0); });
  }
  void start_item(const std::string& name) override {
    tell([&] { told_.attr("start_item")(name); });
  }
  void end_item() override {
    tell([&] { told_.attr("end_item")(); });
  }

 private:
  const py::object& told_;
};

/// What is written to std::cerr while it lives.
class Words {
 public:
  Words() : before_(std::cerr.rdbuf(text_.rdbuf())) {}
  Words(const Words&) = delete;
  Words& operator=(const Words&) = delete;
  ~Words() { std::cerr.rdbuf(before_); }
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::streambuf* before_;
};

/// A run's progress and words.
class Observer : public RunObserver {
 public:
  explicit Observer(const py::object& told) : told_(told) {}

  bool stop() override { return false; }
  void say(const std::string& line) override {
    tell([&] { told_.attr("say")(line); });
  }
  void begin(std::int64_t items, std::int64_t done, int) override {
    tell([&] { told_.attr("begin")(items, done); });
  }
  void begin_items(const Item& first, std::size_t count) override {
    const std::string name = first.picture.filename().string();
    tell([&] { told_.attr("start_item")(count > 1 ? name + " and " + std::to_string(count - 1) + " more" : name); });
  }
  void step(std::int64_t step, std::int64_t of) override {
    tell([&] { told_.attr("step")(step, of); });
  }
  void end_item(const Item& item, const ItemReport& report) override {
    tell([&] {
      for (const std::string& note : report.notes) told_.attr("say")(item.picture.string() + ": " + note);
      if (report.status == Status::failed) told_.attr("say")("warning: " + item.picture.string() + ": " + report.error);
      told_.attr("end_item")();
    });
  }

 private:
  const py::object& told_;
};

/// Does the host's work without the interpreter, which its plugins take where they need it.
template <class Work>
auto outside(const Work& work) {
  PythonCaller::here().begin();
  BlackBox::here().end_item();  // which a call that was left did not
  try {
    const py::gil_scoped_release released;
    return work();
  } catch (const Interrupted&) {
    PythonCaller::here().raise_again();
  }
}

RunRequest request_of(const RunCall& asked) {
  RunRequest request{asked.args, asked.experiment, asked.sets, asked.plugin_paths, {}, asked.resume, {}, {}};
  if (asked.out) request.out = *asked.out;
  return request;
}

}  // namespace

py::tuple call(const std::vector<std::string>& args, const py::object& listener) {
  const Printed printed;
  int code = 0;
  std::exception_ptr failed;
  std::string words;
  {
    const Words said;
    const Listener listening(listener);
    try {
      code = outside([&] { return call_command(args); });
    } catch (...) {
      failed = std::current_exception();
    }
    words = said.text();
  }
  std::istringstream lines(words);
  for (std::string line; std::getline(lines, line);) listener.attr("say")(line);
  if (failed) std::rethrow_exception(failed);
  return py::make_tuple(code, printed.text());
}

py::tuple run(const RunCall& asked, const py::object& listener) {
  Observer observer(listener);
  const Done done = outside([&] { return RunItems(request_of(asked), observer).run(); });
  return py::make_tuple(done.run.string(), done.items, done.of);
}

std::string check(const RunCall& asked, const py::object& listener) {
  Observer observer(listener);
  return outside([&] { return RunItems(request_of(asked), observer).listed(); });
}

void program(const std::vector<std::string>& args) {
  PythonCaller::here().be_program();
  std::signal(SIGINT, SIG_DFL);  // as a program finds it, and not as Python left it
  const py::gil_scoped_release released;
  be_program(args);
}

py::object read_picture(const std::string& file) {
  const cv::Mat pixels = faceoff::read_picture(file).rgb;
  return py::array_t<std::uint8_t>({pixels.rows, pixels.cols, 3}, pixels.data);
}

void write_picture(const std::string& file, const py::buffer& pixels) {
  const auto array = py::array_t<std::uint8_t, py::array::c_style>::ensure(pixels);
  if (!py::isinstance<py::array_t<std::uint8_t>>(pixels) || array.ndim() != 3 || array.shape(2) != 3 ||
      array.size() == 0)
    throw py::value_error("a picture's pixels are uint8 [H,W,3]");
  Picture picture;
  picture.rgb = cv::Mat(static_cast<int>(array.shape(0)), static_cast<int>(array.shape(1)), CV_8UC3);
  std::memcpy(picture.rgb.data, array.data(), static_cast<std::size_t>(array.nbytes()));
  faceoff::write_picture(file, picture);
}

}  // namespace faceoff::python
