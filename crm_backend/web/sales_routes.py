"""Where the sales pages are."""

from aiohttp import web

from crm_backend.web import (
    cleaning,
    customers,
    demand,
    pipeline,
    predictors,
    sales,
    sales_figures,
    sales_report,
    sales_tasks,
    segments,
)


def setup_sales(app: web.Application) -> None:
    """Add the sales pages with their pictures and files."""
    get, post = app.router.add_get, app.router.add_post
    get("/sales", sales.show_sales)
    get("/sales/pipeline", pipeline.show_pipeline)
    get("/sales/pipeline.csv", pipeline.send_csv)
    post("/sales/pipeline", pipeline.submit_new)
    get("/sales/pipeline/{number}", pipeline.show_opportunity)
    post("/sales/pipeline/{number}", pipeline.submit_change)
    get("/sales/tasks", sales_tasks.show_tasks)
    post("/sales/tasks", sales_tasks.submit_new)
    post("/sales/tasks/{number}", sales_tasks.submit_change)
    get("/sales/leaderboard", sales_figures.show_leaderboard)
    get("/sales/leaderboard.csv", sales_figures.send_leaderboard)
    get("/sales/forecast", sales_figures.show_forecast)
    get("/sales/forecast.csv", sales_figures.send_forecast)
    get("/sales/campaigns", sales_figures.show_campaigns)
    get("/sales/campaigns.csv", sales_figures.send_campaigns)
    get("/sales/segments", segments.show_segments)
    get("/sales/segments.csv", segments.download_segments)
    get("/sales/demand", demand.show_demand)
    get("/sales/demand.csv", demand.download_demand)
    get("/sales/models", predictors.show_predictors)
    get("/sales/models/cleaning", cleaning.show_cleaning)
    get("/sales/models/cleaning.csv", cleaning.download_cleaning)
    get("/sales/models/{version}", predictors.show_predictor)
    post("/sales/models/{version}", predictors.submit_predictor)
    get("/sales/customers", customers.show_customers)
    get("/sales/customers.csv", customers.download_customers)
    get("/sales/customers/{number}", customers.show_customer)
    get("/sales/report", sales_report.show_report)
    get("/sales/report.csv", sales_report.send_csv)
    get("/sales/report.pdf", sales_report.send_pdf)
    get("/sales/charts/leaderboard.svg", sales_figures.draw_leaderboard)
    get("/sales/charts/forecast.svg", sales_figures.draw_forecast)
    get("/sales/charts/campaign.svg", sales_figures.draw_campaign)
    get("/sales/charts/report.svg", sales_report.draw_report)
