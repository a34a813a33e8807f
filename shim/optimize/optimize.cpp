/* The method optimize: a picture is changed until its statistics in a loss network are the style's.
 * Gatys et al. 2015 (arXiv 1508.06576); the losses are in moments.h. */
#include <algorithm>
#include <cmath>
#include <memory>

#include <ATen/CPUGeneratorImpl.h>
#include <torch/torch.h>

#include "objective.h"

namespace stz
{

constexpr double start_noise = 0.02; /* of white; flat areas would have no gradient to begin with */
constexpr int history_max = 20, history_min = 4;

/* Thrown through the optimiser, which has no other way to be stopped. */
struct Enough {
};

class Search
{
  public:
    Search(const stz_torch_loss &net, const stz_torch_optimize_job &job) : net_(net), job_(job)
    {
        const at::Tensor content = read_picture(net, job.content, job.width, job.height);
        objective_ = std::make_unique<Objective>(net, job, content);
        if (job.start) {
            x_ = read_picture(net, job.out, job.width, job.height);
        } else {
            auto random = at::make_generator<at::CPUGeneratorImpl>(job.seed);
            x_ = content + start_noise * at::randn(content.sizes(), random, at::kFloat).to(content.device());
        }
        x_.requires_grad_(true);
    }

    void run()
    {
        try {
            if (job_.adam)
                adam();
            else
                lbfgs();
        } catch (const Enough &) {
        }
        show(best_.defined() ? best_ : x_);
    }

  private:
    void show(const at::Tensor &x) const { write_picture(job_.out, x.detach()[0], 1); }

    at::Tensor step()
    {
        if (x_.grad().defined())
            x_.mutable_grad().zero_();
        const double loss = objective_->evaluate(x_);
        done_++;
        if (!std::isfinite(loss))
            throw Failure(STZ_TORCH_ENGINE, "the loss is not finite");
        if (!best_.defined() || loss < best_loss_) {
            best_loss_ = loss;
            best_ = x_.detach().clone();
        }
        const bool shown = job_.picture_every && done_ % job_.picture_every == 0;
        if (shown)
            show(best_);
        if (job_.progress && job_.progress(job_.user, done_, shown))
            throw Enough();
        if (done_ >= job_.evaluations)
            throw Enough();
        return at::scalar_tensor(loss, at::kDouble);
    }

    /* The pairs that L-BFGS keeps are each as large as two pictures. */
    int history() const
    {
        const double pair = 2.0 * 3 * 4 * job_.width * job_.height;
        return std::clamp(static_cast<int>(static_cast<double>(job_.memory) / pair), history_min,
                          history_max);
    }

    void lbfgs()
    {
        torch::optim::LBFGS optimizer({x_}, torch::optim::LBFGSOptions(1)
                                                .max_iter(job_.evaluations)
                                                .max_eval(job_.evaluations)
                                                .history_size(history())
                                                .tolerance_grad(0)
                                                .tolerance_change(0)
                                                .line_search_fn("strong_wolfe"));
        optimizer.step([this] { return step(); });
    }

    void adam()
    {
        const double rate = 0.02;
        torch::optim::Adam optimizer({x_}, torch::optim::AdamOptions(rate).betas({0.9, 0.99}));
        for (;;) {
            const double left = 1.0 - static_cast<double>(done_) / job_.evaluations;
            static_cast<torch::optim::AdamOptions &>(optimizer.param_groups()[0].options())
                .lr(rate * (0.1 + 0.9 * left));
            step();
            optimizer.step();
        }
    }

    const stz_torch_loss &net_;
    const stz_torch_optimize_job &job_;
    std::unique_ptr<Objective> objective_;
    at::Tensor x_, best_;
    double best_loss_ = 0;
    int done_ = 0;
};

} // namespace stz

int stz_torch_optimize(stz_torch_loss *loss, const stz_torch_optimize_job *job,
                       const stz_torch_error *error) noexcept
{
    return stz::guard(error, STZ_TORCH_ENGINE, [&] {
        stz::settle_thread(loss->torch);
        stz::Search(*loss, *job).run();
    });
}
