/* The one way out of C++: no exception passes it. */
#ifndef STZ_TORCH_GUARD_H
#define STZ_TORCH_GUARD_H

#include <new>
#include <stdexcept>
#include <string>

#include <c10/core/Device.h>
#include <c10/util/Exception.h>
#include <torch/version.h>

#include "torch.h"

struct stz_torch {
    c10::Device device;
    int threads;
    int precision; /* of the STZ_TORCH_ precisions */
};

namespace stz
{

/* Thrown in this folder where the code is known. */
struct Failure : std::runtime_error {
    int code;
    Failure(int c, const std::string &text) : std::runtime_error(text), code(c) {}
};

/* libtorch prints warnings on stderr; a library does not. */
class Quiet final : public c10::WarningHandler
{
  public:
#if TORCH_VERSION_MAJOR >= 2
    void process(const c10::Warning &) override {}
#else
    void process(const c10::SourceLocation &, const std::string &, bool) override {}
#endif
};

#if TORCH_VERSION_MAJOR >= 2
using WarningGuard = c10::WarningUtils::WarningHandlerGuard;
#else
using WarningGuard = c10::Warning::WarningHandlerGuard;
#endif

/* Copies text as one line, without what TorchScript puts around it; returns code, or NOMEM where
 * the text says that memory was missing. */
int report(const stz_torch_error *error, int code, const char *text) noexcept;

/* Runs body; `code` is for failures that do not bring their own. */
template <class Body> int guard(const stz_torch_error *error, int code, const Body &body) noexcept
{
    try {
        Quiet quiet;
        WarningGuard drop(&quiet);
        body();
        return STZ_TORCH_OK;
    } catch (const Failure &e) {
        return report(error, e.code, e.what());
    } catch (const c10::Error &e) {
        return report(error, code, e.what_without_backtrace());
    } catch (const std::bad_alloc &) {
        return report(error, STZ_TORCH_NOMEM, "out of memory");
    } catch (const std::exception &e) {
        return report(error, code, e.what());
    } catch (...) {
        return report(error, code, "an exception of unknown type");
    }
}

} // namespace stz
#endif
