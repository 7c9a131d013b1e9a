import com.gongqiao.Gongqiao;
import com.gongqiao.hris.ApiException;
import com.gongqiao.hris.api.EmployeesApi;
import com.gongqiao.hris.model.ListEmployeesQuery;
import com.gongqiao.hris.model.Pagination;
import java.util.Map;

/** Counts the employees of a company. */
class Hr {
  public static void main(String[] arguments) throws ApiException {
    Map<String, String> env = System.getenv();
    var client = Gongqiao.hr(env.get("GONGQIAO_URL"), env.get("GONGQIAO_ACCESS_KEY"), env.get("GONGQIAO_SECRET_KEY"));
    var query = new ListEmployeesQuery().token(env.get("GONGQIAO_COMPANY_TOKEN")).pagination(new Pagination().page(1));
    var page = new EmployeesApi(client).listEmployees(Gongqiao.payload(query)).getEmployeesPage();
    System.out.println(page.getTotalCount() + " employees");
  }
}
